import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import { Trouble } from '../layer.js';
import { decodeSctp, SCTP_BYTES } from '../transport/sctp.js';
import { printAddresses, printEnds } from './ip.js';
import type { Line } from './line.js';
import { printTrouble, type Printing } from './printing.js';

const CHUNK_BYTES = 4;
const DATA = 0;
const INIT = 1;
const INIT_ACK = 2;
const SACK = 3;
const CHUNKS: Readonly<Record<number, string>> = {
  0: 'DATA',
  1: 'INIT',
  2: 'INIT ACK',
  3: 'SACK',
  4: 'HB REQ',
  5: 'HB ACK',
  6: 'ABORT',
  7: 'SHUTDOWN',
  8: 'SHUTDOWN ACK',
  9: 'OP ERR',
  10: 'COOKIE ECHO',
  11: 'COOKIE ACK',
  12: 'ECN ECHO',
  13: 'ECN CWR',
  14: 'SHUTDOWN COMPLETE',
  0xc0: 'FOR CUM TSN',
};
const PAYLOADS: Readonly<Record<number, string>> = {
  1: 'ISDN Q.921',
  2: 'M2UA',
  3: 'M3UA',
  4: 'SUA',
  5: 'M2PA',
  6: 'V5.2',
  7: 'H.248',
  8: 'BICC',
  9: 'TALI',
  10: 'DUA',
  11: 'ASAP',
  12: 'ENRP',
  13: 'H.323',
  14: 'Q.IPC',
  15: 'SIMCO',
  16: 'DDPSC',
  17: 'DDPSSC',
  18: 'S1AP',
  19: 'RUA',
  20: 'HNBAP',
  24: 'SBc-AP',
  25: 'NBAP',
  27: 'X2AP',
};

/** SCTP and its chunks. */
export function printSctp(printing: Printing): void {
  const { line, cursor } = printing;
  const { at } = cursor;
  const captured = cursor.end - at;
  decodeSctp(cursor);
  if (captured < SCTP_BYTES) {
    if (cursor.trouble === Trouble.Malformed) {
      line.text('truncated-sctp - ');
      line.decimal(SCTP_BYTES - captured);
      line.text(' bytes missing!');
      return;
    }
    if (!printing.hasAddresses) printAddresses(printing);
    printTrouble(printing, 'sctp');
    return;
  }
  printEnds(printing);
  line.text('sctp');
  printChunks(printing);
}

function printChunks({ line, cursor }: Printing): void {
  const { bytes, end, wireEnd } = cursor;
  for (let { at } = cursor, number = 1; at < wireEnd; number++) {
    if (wireEnd - at < CHUNK_BYTES) {
      printNumber(line, number);
      line.text('[chunk descriptor cut off at end of packet]');
      return;
    }
    const length = uint16(bytes, at + 2);
    if (end - at < CHUNK_BYTES || (end - at < length && wireEnd > end)) {
      line.cut('sctp');
      return;
    }
    if (length < CHUNK_BYTES || at + length > wireEnd) {
      printNumber(line, number);
      line.text('[Bad chunk length ');
      line.decimal(length);
      line.text(
        length < CHUNK_BYTES ? ', < size of chunk descriptor]' : ', > remaining data in packet]',
      );
      return;
    }
    printNumber(line, number);
    printChunk(line, bytes, at, length);
    at += (length + 3) & ~3;
  }
}

function printNumber(line: Line, number: number): void {
  line.text(number === 1 ? ' (' : ', (');
  line.decimal(number);
  line.text(') ');
}

function printChunk(line: Line, bytes: Buffer, at: number, length: number): void {
  const type = uint8(bytes, at);
  const name = CHUNKS[type];
  line.character(0x5b);
  line.text(name ?? 'Unknown chunk type: 0x');
  if (name === undefined) line.hex(type);
  line.text('] ');
  if (type === DATA && length > 16) printData(line, bytes, at);
  else if ((type === INIT || type === INIT_ACK) && length >= 20) printInit(line, bytes, at);
  else if (type === SACK && length >= 16) printSack(line, bytes, at, length);
}

function printData(line: Line, bytes: Buffer, at: number): void {
  const flags = uint8(bytes, at + 1);
  if ((flags & 4) !== 0) line.text('(U)');
  if ((flags & 2) !== 0) line.text('(B)');
  if ((flags & 1) !== 0) line.text('(E)');
  if ((flags & 7) !== 0) line.space();
  printField(line, '[TSN: ', uint32(bytes, at + 4));
  printField(line, '[SID: ', uint16(bytes, at + 8));
  printField(line, '[SSEQ ', uint16(bytes, at + 10));
  const payload = uint32(bytes, at + 12);
  const name = PAYLOADS[payload];
  line.text('[PPID ');
  line.text(name ?? '0x');
  if (name === undefined) line.hex(payload);
  line.text('] ');
}

function printInit(line: Line, bytes: Buffer, at: number): void {
  printField(line, '[init tag: ', uint32(bytes, at + 4));
  printField(line, '[rwnd: ', uint32(bytes, at + 8));
  printField(line, '[OS: ', uint16(bytes, at + 12));
  printField(line, '[MIS: ', uint16(bytes, at + 14));
  printField(line, '[init TSN: ', uint32(bytes, at + 16));
}

function printSack(line: Line, bytes: Buffer, at: number, length: number): void {
  const acknowledged = uint32(bytes, at + 4);
  const gaps = uint16(bytes, at + 12);
  printField(line, '[cum ack ', acknowledged);
  printField(line, '[a_rwnd ', uint32(bytes, at + 8));
  printField(line, '[#gap acks ', gaps);
  printField(line, '[#dup tsns ', uint16(bytes, at + 14));
  for (let gap = 0, gapAt = at + 16; gap < gaps && gapAt + 4 <= at + length; gap++, gapAt += 4) {
    line.text('[gap ack ');
    line.decimal((acknowledged + uint16(bytes, gapAt)) >>> 0);
    line.character(0x2d);
    line.decimal((acknowledged + uint16(bytes, gapAt + 2)) >>> 0);
    line.text('] ');
  }
}

function printField(line: Line, name: string, value: number): void {
  line.text(name);
  line.decimal(value);
  line.text('] ');
}
