import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import { expectedTransportChecksum } from '../checksum.js';
import { TCP } from '../layer.js';
import { decodeTcp, TCP_BYTES } from '../transport/tcp.js';
import { printTcpPayload } from './application.js';
import { printAddresses, printEnds } from './ip.js';
import type { Line } from './line.js';
import { printTrouble, type Printing } from './printing.js';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const URG = 0x20;

/** The letters of each set of flags. */
const FLAGS: readonly string[] = Array.from({ length: 256 }, (_, flags) => lettersOf(flags));

export function printTcp(printing: Printing): void {
  const { line, cursor, origins } = printing;
  const { bytes, at } = cursor;
  const captured = cursor.end - at;
  const wireBytes = cursor.wireEnd - at;
  decodeTcp(cursor);
  if (captured < TCP_BYTES) {
    printWithoutHeader(printing, captured);
    return;
  }
  printEnds(printing);
  const headerBytes = (uint8(bytes, at + 12) >> 4) << 2;
  if (headerBytes < TCP_BYTES) {
    printBadHeader(line, wireBytes, headerBytes);
    return;
  }
  const flags = cursor.tcpFlags;
  line.text('Flags [');
  line.text(FLAGS[flags] ?? '');
  line.character(0x5d);
  origins.relate(cursor);
  if (headerBytes > wireBytes) {
    line.text(' [bad hdr length ');
    line.decimal(headerBytes);
    line.text(' - too long, > ');
    line.decimal(wireBytes);
    line.character(0x5d);
    line.invalid();
    return;
  }
  if (printing.verbose) printChecksum(printing, at, wireBytes);
  const length = wireBytes - headerBytes;
  printNumbers(printing, flags, length);
  line.text(', win ');
  line.decimal(uint16(bytes, at + 14));
  if ((flags & URG) !== 0) {
    line.text(', urg ');
    line.decimal(uint16(bytes, at + 18));
  }
  if (headerBytes > TCP_BYTES && !printOptions(printing, at + TCP_BYTES, at + headerBytes)) return;
  line.text(', length ');
  line.decimal(length);
  if (length > 0) printTcpPayload(printing, length);
}

function printNumbers({ line, cursor, origins }: Printing, flags: number, length: number): void {
  if (length > 0 || (flags & (SYN | FIN | RST)) !== 0) {
    const sequence = (cursor.sequence - origins.sequenceOrigin) >>> 0;
    line.text(', seq ');
    line.decimal(sequence);
    if (length > 0) {
      line.character(0x3a);
      line.decimal((sequence + length) >>> 0);
    }
  }
  if ((flags & ACK) !== 0) {
    line.text(', ack ');
    line.decimal((cursor.acknowledgment - origins.acknowledgmentOrigin) >>> 0);
  }
}

function printWithoutHeader(printing: Printing, captured: number): void {
  const { line, cursor } = printing;
  if (captured >= 4) {
    const { bytes, at } = cursor;
    cursor.sourcePort = uint16(bytes, at);
    cursor.destinationPort = uint16(bytes, at + 2);
    printEnds(printing);
  } else if (!printing.hasAddresses) {
    printAddresses(printing);
    line.character(0x3a);
  }
  printTrouble(printing, 'tcp');
}

function printBadHeader(line: Line, wireBytes: number, headerBytes: number): void {
  line.text(' tcp ');
  line.decimal(Math.max(wireBytes - headerBytes, 0));
  line.text(' [bad hdr length ');
  line.decimal(headerBytes);
  line.text(' - too short, < 20]');
  line.invalid();
}

function printChecksum({ line, cursor }: Printing, at: number, wireBytes: number): void {
  const end = at + wireBytes;
  if (end > cursor.end || cursor.hasMoreFragments || cursor.protocol !== TCP) return;
  const checksum = uint16(cursor.bytes, at + 16);
  const right = expectedTransportChecksum(cursor, at, end, at + 16);
  line.text(', cksum 0x');
  line.hex(checksum, 4);
  if (checksum === right) {
    line.text(' (correct)');
    return;
  }
  line.text(' (incorrect -> 0x');
  line.hex(right, 4);
  line.character(0x29);
}

const END = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT = 2;
const WINDOW_SCALE = 3;
const SELECTIVE = 5;
const TIMESTAMPS = 8;
const USER_TIMEOUT = 28;
const OPTIONS: Readonly<Record<number, string>> = {
  0: 'eol',
  1: 'nop',
  2: 'mss',
  3: 'wscale',
  4: 'sackOK',
  5: 'sack',
  6: 'echo',
  7: 'echoreply',
  8: 'TS',
  19: 'md5',
  28: 'uto',
  29: 'tcp-ao',
  30: 'mptcp',
  34: 'tfo',
  254: 'exp',
};

/** False where the packet ends in the options, or they are malformed: nothing comes after that. */
function printOptions(printing: Printing, first: number, end: number): boolean {
  const { line, cursor } = printing;
  const { bytes } = cursor;
  line.text(', options [');
  for (let at = first; at < end;) {
    if (at >= cursor.end) {
      line.cut('tcp');
      return false;
    }
    if (at > first) line.character(0x2c);
    const option = uint8(bytes, at);
    const isSingle = option === END || option === NO_OPERATION;
    if (!isSingle && at + 1 >= cursor.end && at + 1 < end) {
      line.cut('tcp');
      return false;
    }
    const length = isSingle ? 1 : uint8(bytes, at + 1);
    if (!isSingle && (length < 2 || at + length > end)) {
      line.text(at > first ? '[bad opt]]' : '[bad opt]');
      return false;
    }
    if (at + length > cursor.end) {
      line.cut('tcp');
      return false;
    }
    printOption(printing, option, at, length);
    if (option === END) break;
    at += length;
  }
  line.character(0x5d);
  return true;
}

function printOption(printing: Printing, option: number, at: number, length: number): void {
  const { line, cursor } = printing;
  const { bytes } = cursor;
  const name = OPTIONS[option];
  line.text(name ?? 'unknown-');
  if (name === undefined) line.decimal(option);
  switch (option) {
    case END:
    case NO_OPERATION:
    case 4:
      return;
    case MAXIMUM_SEGMENT:
      if (length === 4) printNumber(line, uint16(bytes, at + 2));
      return;
    case WINDOW_SCALE:
      if (length === 3) printNumber(line, uint8(bytes, at + 2));
      return;
    case TIMESTAMPS:
      if (length !== 10) return;
      line.text(' val ');
      line.decimal(uint32(bytes, at + 2));
      line.text(' ecr ');
      line.decimal(uint32(bytes, at + 6));
      return;
    case SELECTIVE:
      printSelective(printing, at + 2, at + length);
      return;
    case USER_TIMEOUT:
      if (length === 4) printTimeout(line, uint16(bytes, at + 2));
      return;
    default:
      if (length === 2) return;
      line.text(name === undefined ? ' 0x' : ' ');
      line.hexBytes(bytes, at + 2, at + length);
  }
}

function printNumber(line: Line, value: number): void {
  line.space();
  line.decimal(value);
}

function printTimeout(line: Line, value: number): void {
  line.text(' 0x');
  line.hex(value);
  line.space();
  line.decimal((value & 1) === 0 ? value >> 1 : (value >> 1) * 60);
}

/** Blocks of the other direction's sequence numbers. */
function printSelective({ line, cursor, origins }: Printing, at: number, end: number): void {
  if ((end - at) % 8 !== 0) {
    line.text(' invalid sack');
    return;
  }
  line.space();
  line.decimal((end - at) / 8);
  line.space();
  for (let block = at; block < end; block += 8) {
    line.character(0x7b);
    line.decimal((uint32(cursor.bytes, block) - origins.selectiveOrigin) >>> 0);
    line.character(0x3a);
    line.decimal((uint32(cursor.bytes, block + 4) - origins.selectiveOrigin) >>> 0);
    line.character(0x7d);
  }
}

function lettersOf(flags: number): string {
  const letters = 'F,S,R,P,.,U,E,W'.split(',').filter((_, bit) => (flags & (1 << bit)) !== 0);
  return letters.length === 0 ? 'none' : letters.join('');
}
