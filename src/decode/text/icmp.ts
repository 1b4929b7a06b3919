import { uint16, uint8 } from '../../protocols/network-order.js';
import { expectedChecksum } from '../checksum.js';
import { Layer, TCP, UDP } from '../layer.js';
import { IPV4_BYTES } from '../network/ipv4.js';
import type { Line } from './line.js';
import { printName, type Printing } from './printing.js';

const HEADER_BYTES = 8;
const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const REDIRECT = 5;
const ECHO_REQUEST = 8;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const TIMESTAMP = 13;
const TIMESTAMP_REPLY = 14;

const TYPES: Readonly<Record<number, string>> = {
  4: 'source quench',
  9: 'router advertisement',
  10: 'router solicitation',
  15: 'information request',
  16: 'information reply',
  17: 'address mask request',
  18: 'address mask reply',
};

/** ICMP (RFC 792). */
export function printIcmp(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at, end, wireEnd } = cursor;
  cursor.layer = Layer.Data;
  if (end - at < HEADER_BYTES) {
    line.cut('icmp');
    return;
  }
  const type = uint8(bytes, at);
  const before = line.length;
  line.text('ICMP ');
  const holdsPacket = type === UNREACHABLE || type === REDIRECT || type === TIME_EXCEEDED;
  if (holdsPacket && end - at < HEADER_BYTES + IPV4_BYTES) {
    line.length = before;
    line.cut('icmp');
    return;
  }
  printType(line, bytes, at, end);
  line.text(', length ');
  line.decimal(wireEnd - at);
  if (!printing.verbose) return;
  if (wireEnd <= end && !cursor.hasMoreFragments) printChecksum(line, bytes, at, wireEnd);
  if (holdsPacket || type === PARAMETER_PROBLEM) {
    // Goes on with the packet that it is about.
    line.text('\n\t');
    cursor.at = at + HEADER_BYTES;
    cursor.limit(Math.max(cursor.at, at + HEADER_BYTES + uint16(bytes, at + HEADER_BYTES + 2)));
    cursor.layer = Layer.Ipv4;
  }
}

function printType(line: Line, bytes: Buffer, at: number, end: number): void {
  const type = uint8(bytes, at);
  const code = uint8(bytes, at + 1);
  switch (type) {
    case ECHO_REPLY:
    case ECHO_REQUEST:
      line.text(type === ECHO_REQUEST ? 'echo request, id ' : 'echo reply, id ');
      line.decimal(uint16(bytes, at + 4));
      line.text(', seq ');
      line.decimal(uint16(bytes, at + 6));
      return;
    case UNREACHABLE:
      printUnreachable(line, bytes, at, end);
      return;
    case REDIRECT:
      printRedirect(line, bytes, at, code);
      return;
    case TIME_EXCEEDED:
      if (code === 0) line.text('time exceeded in-transit');
      else if (code === 1) line.text('ip reassembly time exceeded');
      else printCode(line, 'time exceeded-#', code);
      return;
    case PARAMETER_PROBLEM:
      if (code === 0) printCode(line, 'parameter problem - octet ', uint8(bytes, at + 4));
      else printCode(line, 'parameter problem - code ', code);
      return;
    case TIMESTAMP:
    case TIMESTAMP_REPLY:
      line.text(type === TIMESTAMP ? 'time stamp query id ' : 'time stamp reply id ');
      line.decimal(uint16(bytes, at + 4));
      line.text(' seq ');
      line.decimal(uint16(bytes, at + 6));
      return;
    default:
      printName(line, TYPES, type, 'type-#');
  }
}

function printCode(line: Line, text: string, code: number): void {
  line.text(text);
  line.decimal(code);
}

const PROTOCOL_CODE = 2;
const PORT_CODE = 3;
const FRAGMENTATION_CODE = 4;
/** What stands before and after the address. */
const UNREACHABLE_CODES: Readonly<Record<number, readonly [before: string, after: string]>> = {
  0: ['net ', ' unreachable'],
  1: ['host ', ' unreachable'],
  5: ['', ' unreachable - source route failed'],
  6: ['net ', ' unreachable - unknown'],
  7: ['host ', ' unreachable - unknown'],
  8: ['', ' unreachable - source host isolated'],
  9: ['net ', ' unreachable - admin prohibited'],
  10: ['host ', ' unreachable - admin prohibited'],
  11: ['net ', ' unreachable - tos prohibited'],
  12: ['host ', ' unreachable - tos prohibited'],
  13: ['host ', ' unreachable - admin prohibited filter'],
  14: ['host ', ' unreachable - host precedence violation'],
  15: ['host ', ' unreachable - precedence cutoff'],
};

function printUnreachable(line: Line, bytes: Buffer, at: number, end: number): void {
  const code = uint8(bytes, at + 1);
  const ip = at + HEADER_BYTES;
  const [before, after] = UNREACHABLE_CODES[code] ?? ['', ''];
  line.text(before);
  line.ipv4(bytes, ip + 16);
  line.text(after);
  if (code === PROTOCOL_CODE) {
    printCode(line, ' protocol ', uint8(bytes, ip + 9));
    line.text(' unreachable');
  } else if (code === PORT_CODE) {
    printPort(line, bytes, ip, end);
  } else if (code === FRAGMENTATION_CODE) {
    line.text(' unreachable - need to frag');
    const mtu = uint16(bytes, at + 6);
    if (mtu > 0) {
      printCode(line, ' (mtu ', mtu);
      line.character(0x29);
    }
  } else if (code > 15) {
    printCode(line, ' unreachable - #', code);
  }
}

function printPort(line: Line, bytes: Buffer, ip: number, end: number): void {
  const protocol = uint8(bytes, ip + 9);
  const portAt = ip + ((uint8(bytes, ip) & 0xf) << 2) + 2;
  if (portAt + 2 > end) {
    line.cut('icmp');
    return;
  }
  if (protocol === TCP) line.text(' tcp port ');
  else if (protocol === UDP) line.text(' udp port ');
  else {
    printCode(line, ' protocol ', protocol);
    line.text(' port ');
  }
  line.decimal(uint16(bytes, portAt));
  line.text(' unreachable');
}

const REDIRECTS = [
  ['redirect ', ' to net '],
  ['redirect ', ' to host '],
  ['redirect-tos ', ' to net '],
  ['redirect-tos ', ' to host '],
] as const;

function printRedirect(line: Line, bytes: Buffer, at: number, code: number): void {
  const known = REDIRECTS[code];
  if (known) line.text(known[0]);
  else {
    printCode(line, 'redirect-#', code);
    line.space();
  }
  line.ipv4(bytes, at + HEADER_BYTES + 16);
  line.text(known ? known[1] : ' to ');
  line.ipv4(bytes, at + 4);
}

function printChecksum(line: Line, bytes: Buffer, at: number, end: number): void {
  const checksum = uint16(bytes, at + 2);
  const right = expectedChecksum(bytes, at, end, at + 2);
  if (checksum === right) return;
  line.text(' (wrong icmp cksum ');
  line.hex(checksum);
  line.text(' (->');
  line.hex(right);
  line.text(')!)');
}
