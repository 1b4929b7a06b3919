import { uint16, uint8 } from '../../protocols/network-order.js';
import { afterName, BROKEN, printName } from './dns-name.js';
import { OPT, printRecord } from './dns-record.js';
import { printClass, printType, UNICAST_OR_FLUSH } from './dns-type.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const HEADER_BYTES = 12;
const INVERSE_QUERY = 1;

const OPERATIONS = [
  ...['', ' inv_q', ' stat', ' op3', ' notify', ' update', ' op6', ' op7', ' op8', ' updateA'],
  ...[' updateD', ' updateDA', ' updateM', ' updateMA', ' zoneInit', ' zoneRef'],
];
const RESPONSES: Readonly<Record<number, string>> = {
  ...{ 0: '', 1: ' FormErr', 2: ' ServFail', 3: ' NXDomain', 4: ' NotImp', 5: ' Refused' },
  ...{ 6: ' YXDomain', 7: ' YXRRSet', 8: ' NXRRSet', 9: ' NotAuth', 10: ' NotZone' },
  ...{ 15: ' NoChange', 16: ' BadVers', 23: ' BadCookie' },
};

/** DNS (RFC 1035), and multicast DNS (RFC 6762). */
export function printDns(printing: Printing, length: number, isMulticast: boolean): void {
  printMessage(printing, printing.cursor.at, length, isMulticast);
}

/** Over TCP its length stands before each message; more than one in a segment is not looked into. */
export function printDnsOverTcp(printing: Printing, length: number): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  if (length < 2) {
    line.text(' [DNS over TCP: length ');
    line.decimal(length);
    line.text(' < 2]');
    line.invalid();
    return;
  }
  if (end - at < 2) {
    line.cut('domain');
    return;
  }
  const prefix = uint16(bytes, at);
  if (prefix !== length - 2) {
    line.text(' [prefix length(');
    line.decimal(prefix);
    line.text(') != length(');
    line.decimal(length - 2);
    line.text(')]');
    line.invalid();
    return;
  }
  line.space();
  printMessage(printing, at + 2, prefix, false);
}

function printMessage(printing: Printing, at: number, length: number, isMulticast: boolean): void {
  const { line, cursor } = printing;
  const { bytes, end } = cursor;
  if (length < HEADER_BYTES) {
    line.text('domain [length ');
    line.decimal(length);
    line.text(' < 12]');
    line.invalid();
    return;
  }
  if (end - at < HEADER_BYTES) {
    line.cut('domain');
    return;
  }
  const flags = uint16(bytes, at + 2);
  const isWhole =
    (flags & 0x8000) === 0
      ? printQuery(printing, at, flags, isMulticast)
      : printResponse(printing, at, flags, isMulticast);
  if (!isWhole) {
    line.cut('domain');
    return;
  }
  line.text(' (');
  line.decimal(length);
  line.character(0x29);
}

/** False where it ends before what its header says. */
function printQuery(
  { line, cursor }: Printing,
  at: number,
  flags: number,
  isMulticast: boolean,
): boolean {
  const { bytes, end } = cursor;
  const questions = uint16(bytes, at + 4);
  const answers = uint16(bytes, at + 6);
  const operation = (flags >> 11) & 0xf;
  const isInverse = operation === INVERSE_QUERY;
  line.decimal(uint16(bytes, at));
  line.text(OPERATIONS[operation] ?? '');
  if ((flags & 0x0100) !== 0) line.character(0x2b);
  if ((flags & 0x0010) !== 0) line.character(0x25);
  if ((flags & 0x06cf) !== 0) {
    line.text(' [b2&3=0x');
    line.hex(flags);
    line.character(0x5d);
  }
  if (isInverse) {
    if (questions > 0) printCount(line, questions, 'q]');
    if (answers !== 1) printCount(line, answers, 'a]');
  } else {
    if (answers > 0) printCount(line, answers, 'a]');
    if (questions !== 1) printCount(line, questions, 'q]');
  }
  if (uint16(bytes, at + 8) > 0) printCount(line, uint16(bytes, at + 8), 'n]');
  if (uint16(bytes, at + 10) > 0) printCount(line, uint16(bytes, at + 10), 'au]');
  let next = at + HEADER_BYTES;
  for (let question = 0; question < questions; question++) {
    // What was captured is at its end.
    if (question > 0 && next >= end) return false;
    next = printQuestion(line, bytes, at, next, end, isMulticast);
    if (next === BROKEN) return false;
  }
  return true;
}

function printCount(line: Line, count: number, what: string): void {
  line.text(' [');
  line.decimal(count);
  line.text(what);
}

function printQuestion(
  line: Line,
  bytes: Buffer,
  messageAt: number,
  at: number,
  end: number,
  isMulticast: boolean,
): number {
  const after = afterName(bytes, at, end);
  if (after === BROKEN || end - after < 4) return BROKEN;
  line.space();
  printType(line, uint16(bytes, after));
  const askedClass = uint16(bytes, after + 2);
  printClass(line, isMulticast ? askedClass & ~UNICAST_OR_FLUSH : askedClass);
  if (isMulticast) line.text((askedClass & UNICAST_OR_FLUSH) === 0 ? ' (QM)' : ' (QU)');
  line.text('? ');
  return printName(line, bytes, messageAt, at, end) === BROKEN ? BROKEN : after + 4;
}

function printResponse(
  printing: Printing,
  at: number,
  flags: number,
  isMulticast: boolean,
): boolean {
  const { line, cursor } = printing;
  const { bytes, end } = cursor;
  const questions = uint16(bytes, at + 4);
  const answers = uint16(bytes, at + 6);
  line.decimal(uint16(bytes, at));
  line.text(OPERATIONS[(flags >> 11) & 0xf] ?? '');
  printResponseCode(line, (flags & 0xf) | (extendedCode(bytes, at, end) << 4));
  if ((flags & 0x0400) !== 0) line.character(0x2a);
  if ((flags & 0x0080) === 0) line.character(0x2d);
  if ((flags & 0x0200) !== 0) line.character(0x7c);
  if ((flags & 0x0020) !== 0) line.character(0x24);
  if (questions !== 1) printCount(line, questions, 'q]');
  let next = at + HEADER_BYTES;
  for (let question = 0; question < questions; question++) {
    if (question > 0) line.character(0x2c);
    next = afterName(bytes, next, end);
    if (next === BROKEN) return false;
    next += 4;
  }
  line.space();
  line.decimal(answers);
  line.character(0x2f);
  line.decimal(uint16(bytes, at + 8));
  line.character(0x2f);
  line.decimal(uint16(bytes, at + 10));
  for (let answer = 0; answer < answers; answer++) {
    if (answer > 0) {
      if (next >= end) return false;
      line.character(0x2c);
    }
    next = printRecord(printing, at, next, isMulticast);
    if (next === BROKEN) return false;
  }
  return true;
}

function printResponseCode(line: Line, code: number): void {
  const name = RESPONSES[code];
  line.text(name ?? ' Resp');
  if (name === undefined) line.decimal(code);
}

/** The upper bits of the response code, which stand in the OPT record (RFC 6891). */
function extendedCode(bytes: Buffer, at: number, end: number): number {
  let next = at + HEADER_BYTES;
  for (let i = uint16(bytes, at + 4); i > 0; i--) {
    next = afterName(bytes, next, end);
    if (next === BROKEN) return 0;
    next += 4;
    if (next >= end) return 0;
  }
  const additional = uint16(bytes, at + 10);
  for (let i = uint16(bytes, at + 6) + uint16(bytes, at + 8) + additional; i > 0; i--) {
    next = afterName(bytes, next, end);
    if (next === BROKEN || next + 10 > end) return 0;
    if (i <= additional && uint16(bytes, next) === OPT) return uint8(bytes, next + 4);
    next += 10 + uint16(bytes, next + 8);
    if (next >= end) return 0;
  }
  return 0;
}
