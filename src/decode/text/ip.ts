import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import { expectedChecksum } from '../checksum.js';
import type { PacketCursor } from '../cursor.js';
import { decodeAuthentication } from '../network/authentication.js';
import { decodeIp } from '../network/ip.js';
import { decodeIpv4, IPV4_BYTES } from '../network/ipv4.js';
import { Layer, SCTP, TCP, Trouble, UDP } from '../layer.js';
import type { Line } from './line.js';
import { printName, printTrouble, type Printing } from './printing.js';

const ESP = 50;
const NO_NEXT_HEADER = 59;

/** As the verbose line names them. */
export const IP_PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'Options',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6',
  43: 'Routing',
  44: 'Fragment',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  60: 'Options',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  132: 'SCTP',
};

/** Raw IP of either version. */
export function printIp(printing: Printing): void {
  const { line, cursor } = printing;
  decodeIp(cursor);
  if (printTrouble(printing, 'ip') || cursor.layer !== Layer.Data) return;
  line.text('IP');
  line.decimal(uint8(cursor.bytes, cursor.at) >> 4);
  line.invalid();
}

export function printIpv4(printing: Printing): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at } = cursor;
  const wireBytes = cursor.wireEnd - at;
  const version = uint8(bytes, at) >> 4;
  const headerBytes = (uint8(bytes, at) & 0xf) << 2;
  const isThere = cursor.end - at >= IPV4_BYTES;
  decodeIpv4(cursor);
  printing.hasAddresses = false;
  line.text('IP ');
  if (cursor.trouble === Trouble.Malformed && isThere) {
    printMalformed(line, version, headerBytes, uint16(bytes, at + 2));
    return;
  }
  if (!isThere) {
    printTrouble(printing, 'ip');
    return;
  }
  printMissing(line, 'truncated-ip - ', uint16(bytes, at + 2), wireBytes, '! ');
  if (verbose) printIpv4Header(line, cursor, at, headerBytes);
  if (cursor.fragmentOffset > 0) {
    printAddresses(printing);
    line.text(': ip-proto-');
    line.decimal(cursor.protocol);
    return;
  }
  toCarried(printing, 'ip');
}

function printMalformed(line: Line, version: number, headerBytes: number, length: number): void {
  if (version !== 4) {
    line.text(version === 6 ? '6, wrong link-layer encapsulation' : 'version ');
    if (version !== 6) line.decimal(version);
    line.invalid();
  } else if (headerBytes < IPV4_BYTES) {
    line.text('bad-hlen ');
    line.decimal(headerBytes);
  } else {
    line.text('bad-len ');
    line.decimal(length);
  }
}

/** Says that a packet is shorter on the wire than it says itself. */
export function printMissing(
  line: Line,
  what: string,
  declared: number,
  wireBytes: number,
  after: string,
): void {
  if (declared <= wireBytes) return;
  line.text(what);
  line.decimal(declared - wireBytes);
  line.text(' bytes missing');
  line.text(after);
}

const CONGESTION = ['', ',ECT(1)', ',ECT(0)', ',CE'];

function printIpv4Header(line: Line, cursor: PacketCursor, at: number, headerBytes: number): void {
  const { bytes, protocol } = cursor;
  const service = uint8(bytes, at + 1);
  const ttl = uint8(bytes, at + 8);
  const fragment = uint16(bytes, at + 6);
  line.text('(tos 0x');
  line.hex(service);
  line.text(CONGESTION[service & 3] ?? '');
  if (ttl > 0) {
    line.text(', ttl ');
    line.decimal(ttl);
  }
  line.text(', id ');
  line.decimal(uint16(bytes, at + 4));
  line.text(', offset ');
  line.decimal((fragment & 0x1fff) * 8);
  line.text(', flags [');
  printFragmentFlags(line, fragment);
  line.text('], proto ');
  line.text(IP_PROTOCOLS[protocol] ?? 'unknown');
  line.text(' (');
  line.decimal(protocol);
  line.text('), length ');
  line.decimal(uint16(bytes, at + 2));
  if (headerBytes > IPV4_BYTES) {
    line.text(', options (');
    printOptions(line, bytes, at + IPV4_BYTES, Math.min(at + headerBytes, cursor.frameEnd));
    line.character(0x29);
  }
  if (at + headerBytes <= cursor.frameEnd) {
    const checksum = uint16(bytes, at + 10);
    const right = expectedChecksum(bytes, at, at + headerBytes, at + 10);
    if (checksum !== right) {
      line.text(', bad cksum ');
      line.hex(checksum);
      line.text(' (->');
      line.hex(right);
      line.text(')!');
    }
  }
  line.text(')\n    ');
}

function printFragmentFlags(line: Line, fragment: number): void {
  const flags = fragment & 0xe000;
  if (flags === 0) {
    line.text('none');
    return;
  }
  let separator = '';
  for (const [bit, name] of FRAGMENT_FLAGS)
    if ((flags & bit) !== 0) {
      line.text(separator);
      line.text(name);
      separator = ', ';
    }
}

const FRAGMENT_FLAGS = [
  [0x2000, '+'],
  [0x4000, 'DF'],
  [0x8000, 'rsvd'],
] as const;

const OPTIONS: Readonly<Record<number, string>> = {
  0: 'EOL',
  1: 'NOP',
  7: 'RR',
  68: 'timestamp',
  130: 'security',
  131: 'LSRR',
  137: 'SSRR',
  148: 'RA',
};

function printOptions(line: Line, bytes: Buffer, first: number, end: number): void {
  for (let at = first; at < end;) {
    const option = uint8(bytes, at);
    if (at > first) line.character(0x2c);
    printName(line, OPTIONS, option, 'unknown ');
    if (option === 0) return;
    const length = option === 1 ? 1 : uint8(bytes, at + 1);
    if (length === 0 || (option !== 1 && length < 2) || at + length > end) {
      line.text(' [bad length ');
      line.decimal(length);
      line.character(0x5d);
      return;
    }
    at += length;
  }
}

/** Prints what stands before what an IP header carries; what nobody here knows is printed, too. */
export function toCarried(printing: Printing, name: string): void {
  const { line, cursor } = printing;
  const { protocol } = cursor;
  const isTransport = protocol === TCP || protocol === UDP || protocol === SCTP;
  if (!isTransport && !printing.hasAddresses) {
    printAddresses(printing);
    line.text(': ');
  }
  if (printTrouble(printing, name) || cursor.layer !== Layer.Data) return;
  if (protocol === ESP) {
    printEsp(printing);
  } else if (protocol === NO_NEXT_HEADER) {
    line.text('no next header');
  } else {
    const known = IP_PROTOCOLS[protocol];
    line.text(known ?? ' ip-proto-');
    if (known === undefined) line.decimal(protocol);
    line.text(known === undefined ? ' ' : ', length ');
    line.decimal(cursor.wireEnd - cursor.at);
  }
}

/** The addresses of the IP header, without ports. */
export function printAddresses(printing: Printing): void {
  const { line, cursor } = printing;
  printAddress(line, cursor, cursor.sourceAt);
  line.text(' > ');
  printAddress(line, cursor, cursor.destinationAt);
  printing.hasAddresses = true;
}

/** The addresses with the ports, or only these where the addresses stand there already. */
export function printEnds(printing: Printing): void {
  const { line, cursor } = printing;
  if (!printing.hasAddresses) {
    printAddress(line, cursor, cursor.sourceAt);
    line.character(0x2e);
  }
  line.decimal(cursor.sourcePort);
  line.text(' > ');
  if (!printing.hasAddresses) {
    printAddress(line, cursor, cursor.destinationAt);
    line.character(0x2e);
  }
  line.decimal(cursor.destinationPort);
  line.text(': ');
  printing.hasAddresses = true;
}

function printAddress(line: Line, cursor: PacketCursor, at: number): void {
  if (cursor.ipVersion === 4) line.ipv4(cursor.bytes, at);
  else line.ipv6(cursor.bytes, at);
}

function printEsp({ line, cursor }: Printing): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < 8) {
    line.cut('esp');
    return;
  }
  line.text('ESP(spi=0x');
  line.hex(uint32(bytes, at), 8);
  line.text(',seq=0x');
  line.hex(uint32(bytes, at + 4));
  line.text('), length ');
  line.decimal(cursor.wireEnd - at);
}

export function printAuthentication(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at } = cursor;
  decodeAuthentication(cursor);
  if (cursor.trouble === Trouble.None) {
    line.text('AH(spi=0x');
    line.hex(uint32(bytes, at + 4), 8);
    line.text(',seq=0x');
    line.hex(uint32(bytes, at + 8));
    line.text('): ');
  }
  toCarried(printing, 'ah');
}
