import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import { afterName, BROKEN, printName } from './dns-name.js';
import { printClass, printType, UNICAST_OR_FLUSH } from './dns-type.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const A = 1;
const NS = 2;
const CNAME = 5;
const SOA = 6;
const PTR = 12;
const MX = 15;
const TXT = 16;
const AAAA = 28;
const SRV = 33;
const DNAME = 39;
/** Says more about the message than about a name (RFC 6891). */
export const OPT = 41;

/** A resource record: its type and what it says. Where it ends, or BROKEN. */
export function printRecord(
  printing: Printing,
  messageAt: number,
  at: number,
  isMulticast: boolean,
): number {
  const { line, cursor, verbose } = printing;
  const { bytes, end } = cursor;
  const after = afterName(bytes, at, end);
  if (verbose) {
    line.space();
    if (printName(line, bytes, messageAt, at, end) === BROKEN) return BROKEN;
  }
  // As in tcpdump: a name without a record is passed over.
  if (after === BROKEN || end - after < 10) return end;
  const type = uint16(bytes, after);
  const recordClass = uint16(bytes, after + 2);
  if (type !== OPT) printClass(line, isMulticast ? recordClass & ~UNICAST_OR_FLUSH : recordClass);
  if (isMulticast && (recordClass & UNICAST_OR_FLUSH) !== 0) line.text(' (Cache flush)');
  line.space();
  printType(line, type);
  const dataAt = after + 10;
  const dataEnd = dataAt + uint16(bytes, after + 8);
  if (dataEnd > end) return BROKEN;
  const isWhole = printData(printing, messageAt, type, dataAt, dataEnd);
  if (type === OPT) {
    line.text(' UDPsize=');
    line.decimal(isMulticast ? recordClass & ~UNICAST_OR_FLUSH : recordClass);
    if ((uint16(bytes, after + 6) & 0x8000) !== 0) line.text(' DO');
  }
  return isWhole ? dataEnd : BROKEN;
}

/** What a record says; false where it is broken. */
function printData(
  printing: Printing,
  messageAt: number,
  type: number,
  at: number,
  dataEnd: number,
): boolean {
  const { line, cursor, verbose } = printing;
  const { bytes, end } = cursor;
  switch (type) {
    case A:
      if (end - at < 4) return false;
      line.space();
      line.ipv4(bytes, at);
      return true;
    case AAAA:
      if (end - at < 16) return false;
      line.space();
      line.ipv6(bytes, at);
      return true;
    case NS:
    case CNAME:
    case PTR:
    case DNAME:
      line.space();
      return printName(line, bytes, messageAt, at, end) !== BROKEN;
    case MX:
      line.space();
      if (end - at < 2 || printName(line, bytes, messageAt, at + 2, end) === BROKEN) return false;
      line.space();
      line.decimal(uint16(bytes, at));
      return true;
    case SRV:
      return printService(line, bytes, messageAt, at, end);
    case TXT:
      return printStrings(line, bytes, at, dataEnd, end);
    case SOA:
      return !verbose || printAuthority(line, bytes, messageAt, at, end);
    default:
      return true;
  }
}

function printService(
  line: Line,
  bytes: Buffer,
  messageAt: number,
  at: number,
  end: number,
): boolean {
  line.space();
  if (end - at < 6 || printName(line, bytes, messageAt, at + 6, end) === BROKEN) return false;
  line.character(0x3a);
  line.decimal(uint16(bytes, at + 4));
  line.space();
  line.decimal(uint16(bytes, at));
  line.space();
  line.decimal(uint16(bytes, at + 2));
  return true;
}

function printStrings(
  line: Line,
  bytes: Buffer,
  first: number,
  dataEnd: number,
  end: number,
): boolean {
  for (let at = first; at < dataEnd;) {
    const stringEnd = at + 1 + uint8(bytes, at);
    line.text(' "');
    line.escaped(bytes, at + 1, Math.min(stringEnd, end));
    if (stringEnd > end) return false;
    line.character(0x22);
    at = stringEnd;
  }
  return true;
}

function printAuthority(
  line: Line,
  bytes: Buffer,
  messageAt: number,
  at: number,
  end: number,
): boolean {
  line.space();
  const mailbox = printName(line, bytes, messageAt, at, end);
  if (mailbox === BROKEN) return false;
  line.space();
  const numbers = printName(line, bytes, messageAt, mailbox, end);
  if (numbers === BROKEN || end - numbers < 20) return false;
  for (let i = 0; i < 5; i++) {
    line.space();
    line.decimal(uint32(bytes, numbers + 4 * i));
  }
  return true;
}
