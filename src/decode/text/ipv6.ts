import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import {
  decodeIpv6,
  DESTINATION_OPTIONS,
  extensionBytes,
  FRAGMENT,
  FRAGMENT_BYTES,
  HOP_BY_HOP,
  IPV6_BYTES,
  isExtension,
  ROUTING,
} from '../network/ipv6.js';
import { IP_PROTOCOLS, printAddresses, printMissing, toCarried } from './ip.js';
import type { Line } from './line.js';
import { printTrouble, type Printing } from './printing.js';

export function printIpv6(printing: Printing): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at } = cursor;
  const wireBytes = cursor.wireEnd - at;
  const isThere = cursor.end - at >= IPV6_BYTES;
  const version = uint8(bytes, at) >> 4;
  decodeIpv6(cursor);
  printing.hasAddresses = false;
  line.text('IP6 ');
  if (!isThere) {
    printTrouble(printing, 'ip6');
    return;
  }
  if (version !== 6) {
    line.text('version error: ');
    line.decimal(version);
    line.text(' != 6');
    return;
  }
  const length = uint16(bytes, at + 4);
  if (length > 0) printMissing(line, 'truncated-ip6 - ', length + IPV6_BYTES, wireBytes, '!');
  if (verbose) printHeader(line, cursor, at);
  if (isExtension(uint8(bytes, at + 6))) {
    printAddresses(printing);
    line.text(': ');
    printExtensions(printing, at);
  }
  if (cursor.fragmentOffset > 0) return;
  toCarried(printing, 'ip6');
}

function printHeader(line: Line, { bytes }: PacketCursor, at: number): void {
  const flow = uint32(bytes, at);
  const next = uint8(bytes, at + 6);
  const trafficClass = (flow >>> 20) & 0xff;
  line.character(0x28);
  if (trafficClass !== 0) {
    line.text('class 0x');
    line.hex(trafficClass, 2);
    line.text(', ');
  }
  if ((flow & 0xfffff) !== 0) {
    line.text('flowlabel 0x');
    line.hex(flow & 0xfffff, 5);
    line.text(', ');
  }
  line.text('hlim ');
  line.decimal(uint8(bytes, at + 7));
  line.text(', next-header ');
  line.text(IP_PROTOCOLS[next] ?? 'unknown');
  line.text(' (');
  line.decimal(next);
  line.text(') payload length: ');
  line.decimal(uint16(bytes, at + 4));
  line.text(') ');
}

/** The extension headers that the decoder has passed, up to where it is or stopped. */
function printExtensions(printing: Printing, ipAt: number): void {
  const { line, cursor, verbose } = printing;
  const { bytes, end } = cursor;
  let protocol = uint8(bytes, ipAt + 6);
  for (let at = ipAt + IPV6_BYTES; isExtension(protocol) && end - at >= FRAGMENT_BYTES;) {
    const length = extensionBytes(bytes, protocol, at);
    if (end - at < length) return;
    switch (protocol) {
      case HOP_BY_HOP:
        line.text('HBH ');
        if (verbose) printOptions(line, bytes, at + 2, at + length);
        break;
      case DESTINATION_OPTIONS:
        line.text('DSTOPT ');
        if (verbose) printOptions(line, bytes, at + 2, at + length);
        break;
      case ROUTING:
        printRouting(line, bytes, at, at + length);
        break;
      case FRAGMENT:
        printFragment(printing, at);
        if (cursor.fragmentOffset > 0) return;
        line.space();
        break;
    }
    protocol = uint8(bytes, at);
    at += length;
  }
}

function printFragment({ line, cursor, verbose }: Printing, at: number): void {
  line.text('frag (');
  if (verbose) {
    line.text('0x');
    line.hex(uint32(cursor.bytes, at + 4), 8);
    line.character(0x3a);
  }
  line.decimal(uint16(cursor.bytes, at + 2) & 0xfff8);
  line.character(0x7c);
  line.decimal(Math.max(cursor.wireEnd - at - FRAGMENT_BYTES, 0));
  line.character(0x29);
}

/** Types 0 and 2 (RFC 8200, 6275) and segment routing (RFC 8754) list addresses. */
function printRouting(line: Line, bytes: Buffer, at: number, end: number): void {
  const type = uint8(bytes, at + 2);
  line.text('RT6 (len=');
  line.decimal(uint8(bytes, at + 1));
  line.text(', type=');
  line.decimal(type);
  if (type === 0) line.text(' [Deprecated]');
  line.text(', segleft=');
  line.decimal(uint8(bytes, at + 3));
  if (type === 4) {
    line.text(', last-entry=');
    line.decimal(uint8(bytes, at + 4));
    line.text(', tag=');
    line.hex(uint16(bytes, at + 6));
  }
  if (type === 0 || type === 2 || type === 4)
    for (let i = 0, address = at + 8; address + 16 <= end; i++, address += 16) {
      line.text(', [');
      line.decimal(i);
      line.character(0x5d);
      line.ipv6(bytes, address);
    }
  line.text(') ');
}

const PAD1 = 0;
const PADN = 1;
const ROUTER_ALERT = 5;
const JUMBO = 0xc2;

function printOptions(line: Line, bytes: Buffer, first: number, end: number): void {
  for (let at = first; at < end;) {
    const option = uint8(bytes, at);
    const length = option === PAD1 || at + 1 === end ? 1 : 2 + uint8(bytes, at + 1);
    if (at + length > end) {
      line.cut('hbhopt');
      return;
    }
    if (option === PAD1) {
      line.text('(pad1)');
    } else if (option === PADN) {
      line.text('(padn)');
    } else if (option === ROUTER_ALERT && length === 4) {
      line.text('(rtalert: 0x');
      line.hex(uint16(bytes, at + 2), 4);
      line.text(') ');
    } else if (option === JUMBO && length === 6) {
      line.text('(jumbo: ');
      line.decimal(uint32(bytes, at + 2));
      line.text(') ');
    } else {
      line.text('(opt_type 0x');
      line.hex(option, 2);
      line.text(': len=');
      line.decimal(length - 2);
      line.character(0x29);
    }
    at += length;
  }
  line.space();
}
