import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import { expectedTransportChecksum } from '../checksum.js';
import { Layer, TCP, UDP } from '../layer.js';
import { extensionBytes, IPV6_BYTES, isExtension } from '../network/ipv6.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const HEADER_BYTES = 8;
const UNREACHABLE = 1;
const TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const PARAMETER_PROBLEM = 4;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const LISTENER_QUERY = 130;
const LISTENER_REPORT = 131;
const LISTENER_DONE = 132;
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
const REDIRECT = 137;
const LISTENER_REPORT_V2 = 143;

const TYPES: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded in-transit',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  130: 'multicast listener query',
  131: 'multicast listener report',
  132: 'multicast listener done',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbor solicitation',
  136: 'neighbor advertisement',
  137: 'redirect',
  138: 'router renumbering',
  139: 'node information query',
  140: 'node information reply',
  141: 'inverse neighbor solicitation',
  142: 'inverse neighbor advertisement',
  143: 'multicast listener report v2',
  155: 'RPL',
};

/** How much of a message there must be for all that is printed of it. */
const LEAST_BYTES: Readonly<Record<number, number>> = {
  [UNREACHABLE]: HEADER_BYTES + IPV6_BYTES,
  [TIME_EXCEEDED]: HEADER_BYTES + IPV6_BYTES,
  [PARAMETER_PROBLEM]: HEADER_BYTES + IPV6_BYTES,
  [LISTENER_REPORT]: 24,
  [LISTENER_DONE]: 24,
  [ROUTER_ADVERTISEMENT]: 16,
  [NEIGHBOR_SOLICITATION]: 24,
  [NEIGHBOR_ADVERTISEMENT]: 24,
  [REDIRECT]: 40,
};

/** ICMPv6 (RFC 4443), neighbor discovery (RFC 4861) and multicast listener discovery (RFC 2710, 3810). */
export function printIcmp6(printing: Printing): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at, end, wireEnd } = cursor;
  cursor.layer = Layer.Data;
  const type = uint8(bytes, at);
  if (end - at < Math.max(HEADER_BYTES, (end > at && LEAST_BYTES[type]) || 0)) {
    if (end > at) printTypeOf(line, type);
    line.cut('icmp6');
    return;
  }
  if (verbose && wireEnd <= end && !cursor.hasMoreFragments) printChecksum(printing);
  printTypeOf(line, type);
  // As in tcpdump: where more is said, the length comes first, or not at all.
  const saysLength = !verbose || TYPES[type] === undefined;
  if (verbose && type >= ROUTER_SOLICITATION && type <= REDIRECT) printLength(line, wireEnd - at);
  printDetails(printing, type);
  if (saysLength) printLength(line, wireEnd - at);
}

function printLength(line: Line, length: number): void {
  line.text(', length ');
  line.decimal(length);
}

function printTypeOf(line: Line, type: number): void {
  line.text('ICMP6, ');
  const name = TYPES[type];
  line.text(name ?? 'unknown icmp6 type (');
  if (name === undefined) {
    line.decimal(type);
    line.character(0x29);
  }
}

function printDetails(printing: Printing, type: number): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at } = cursor;
  switch (type) {
    case UNREACHABLE:
      printUnreachable(printing);
      return;
    case TOO_BIG:
      line.text(', mtu ');
      line.decimal(uint32(bytes, at + 4));
      return;
    case TIME_EXCEEDED:
      printExceeded(line, bytes, at);
      return;
    case PARAMETER_PROBLEM:
      printParameterProblem(line, bytes, at);
      return;
    case ECHO_REQUEST:
    case ECHO_REPLY:
      line.text(', id ');
      line.decimal(uint16(bytes, at + 4));
      line.text(', seq ');
      line.decimal(uint16(bytes, at + 6));
      return;
    case LISTENER_QUERY:
    case LISTENER_REPORT:
    case LISTENER_DONE:
      printListener(printing, type);
      return;
    case ROUTER_ADVERTISEMENT:
      if (!verbose) return;
      line.text(', hop limit ');
      line.decimal(uint8(bytes, at + 4));
      line.text(', router lifetime ');
      line.decimal(uint16(bytes, at + 6));
      line.character(0x73);
      return;
    case NEIGHBOR_SOLICITATION:
      line.text(', who has ');
      line.ipv6(bytes, at + 8);
      return;
    case NEIGHBOR_ADVERTISEMENT:
      line.text(', tgt is ');
      line.ipv6(bytes, at + 8);
      if (verbose) printAdvertisementFlags(line, uint8(bytes, at + 4));
      return;
    case REDIRECT:
      line.text(', ');
      line.ipv6(bytes, at + 24);
      line.text(' to ');
      line.ipv6(bytes, at + 8);
      return;
    case LISTENER_REPORT_V2:
      line.text(', ');
      line.decimal(uint16(bytes, at + 6));
      line.text(' group record(s)');
  }
}

const PORT_CODE = 4;
const BEYOND_SCOPE = 2;
const UNREACHABLE_CODES: Readonly<Record<number, string>> = {
  0: 'unreachable route ',
  // Two spaces, as tcpdump has them: people search for its lines.
  1: ' unreachable prohibited ',
  2: 'beyond scope ',
  3: 'unreachable address ',
  4: 'unreachable port, ',
};

function printUnreachable({ line, cursor }: Printing): void {
  const { bytes, at } = cursor;
  const code = uint8(bytes, at + 1);
  const ip = at + HEADER_BYTES;
  const name = UNREACHABLE_CODES[code];
  line.text(', ');
  if (name === undefined) {
    line.text('unknown unreach code (');
    line.decimal(code);
    line.character(0x29);
    return;
  }
  line.text(name);
  line.ipv6(bytes, ip + 24);
  if (code === BEYOND_SCOPE) {
    line.text(', source address ');
    line.ipv6(bytes, ip + 8);
  } else if (code === PORT_CODE) {
    printPort(line, bytes, ip, cursor.end);
  }
}

function printPort(line: Line, bytes: Buffer, ip: number, end: number): void {
  let protocol = uint8(bytes, ip + 6);
  let at = ip + IPV6_BYTES;
  while (isExtension(protocol) && at + HEADER_BYTES <= end) {
    const next = uint8(bytes, at);
    at += extensionBytes(bytes, protocol, at);
    protocol = next;
  }
  if (at + 4 > end) {
    line.cut('icmp6');
    return;
  }
  if (protocol === TCP) line.text(' tcp port ');
  else if (protocol === UDP) line.text(' udp port ');
  else {
    line.text(' protocol ');
    line.decimal(protocol);
    line.text(' port ');
  }
  line.decimal(uint16(bytes, at + 2));
}

function printExceeded(line: Line, bytes: Buffer, at: number): void {
  const code = uint8(bytes, at + 1);
  if (code === 0) {
    line.text(' for ');
    line.ipv6(bytes, at + HEADER_BYTES + 24);
  } else if (code === 1) {
    line.text(' (reassembly)');
  } else {
    line.text(', unknown code (');
    line.decimal(code);
    line.character(0x29);
  }
}

const PROBLEMS: Readonly<Record<number, string>> = {
  0: ', erroneous - octet ',
  1: ', next header - octet ',
  2: ', option - octet ',
  3: ', incomplete header chain - octet ',
};

function printParameterProblem(line: Line, bytes: Buffer, at: number): void {
  const code = uint8(bytes, at + 1);
  const problem = PROBLEMS[code];
  line.text(problem ?? ', code-#');
  line.decimal(problem === undefined ? code : uint32(bytes, at + 4));
}

/** The first version has one length, queries of the second one are longer. */
function printListener({ line, cursor }: Printing, type: number): void {
  const { bytes, at, end, wireEnd } = cursor;
  if (type === LISTENER_QUERY && wireEnd - at >= 28) {
    if (end - at < 28) line.cut('icmp6');
    else printSecondQuery(line, bytes, at);
    return;
  }
  if (end - at < 24) return;
  line.text('max resp delay: ');
  line.decimal(uint16(bytes, at + 4));
  line.text(' addr: ');
  line.ipv6(bytes, at + 8);
}

function printSecondQuery(line: Line, bytes: Buffer, at: number): void {
  line.text(' v2 [gaddr ');
  line.ipv6(bytes, at + 8);
  const sources = uint16(bytes, at + 26);
  if (sources > 0) {
    line.text(', ');
    line.decimal(sources);
    line.text(' source(s)');
  }
  line.character(0x5d);
}

function printAdvertisementFlags(line: Line, flags: number): void {
  line.text(', Flags [');
  const names = [];
  if ((flags & 0x80) !== 0) names.push('router');
  if ((flags & 0x40) !== 0) names.push('solicited');
  if ((flags & 0x20) !== 0) names.push('override');
  line.text(names.length === 0 ? 'none' : names.join(', '));
  line.character(0x5d);
}

function printChecksum({ line, cursor }: Printing): void {
  const { at, wireEnd } = cursor;
  const checksum = uint16(cursor.bytes, at + 2);
  const right = expectedTransportChecksum(cursor, at, wireEnd, at + 2);
  if (checksum === right) {
    line.text('[icmp6 sum ok] ');
    return;
  }
  line.text('[bad icmp6 cksum 0x');
  line.hex(checksum, 4);
  line.text(' -> 0x');
  line.hex(right, 4);
  line.text('!] ');
}
