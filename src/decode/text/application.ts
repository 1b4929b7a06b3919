import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { printDhcp } from './dhcp.js';
import { printDns, printDnsOverTcp } from './dns.js';
import { Colour } from './line.js';
import { printNtp } from './ntp.js';
import type { Printing } from './printing.js';
import { isHttp, isSip, printHttp, printSip } from './text-protocol.js';
import { isClientHello, printClientHello } from './tls.js';

const DNS = 53;
const DHCP_SERVER = 67;
const DHCP_CLIENT = 68;
const HTTP = 80;
const HTTP_ALTERNATIVE = 8080;
const NTP = 123;
const SIP = 5060;
const MULTICAST_DNS = 5353;

/**
 * What a datagram carries: by its port, as tcpdump has it, or by how it begins.
 *
 * @param length what the datagram says
 * @param wireBytes what the IP packet has room for
 */
export function printUdpPayload(printing: Printing, length: number, wireBytes: number): void {
  const { line, cursor } = printing;
  line.paint(Colour.Application);
  if (length <= wireBytes && !printUdpApplication(printing, length)) {
    line.plain();
    line.text('UDP, length ');
    line.decimal(length);
  } else if (length > wireBytes) {
    // A first fragment has only a part of it.
    line.text(cursor.hasMoreFragments ? 'UDP, length ' : 'UDP, bad length ');
    line.decimal(length);
    if (!cursor.hasMoreFragments) {
      line.text(' > ');
      line.decimal(wireBytes);
    }
  }
  line.plain();
}

/** Asks in the order in which tcpdump does. */
function printUdpApplication(printing: Printing, length: number): boolean {
  const { cursor } = printing;
  // One comparison each for most packets: all these ports are below.
  if (cursor.sourcePort > MULTICAST_DNS && cursor.destinationPort > MULTICAST_DNS)
    return printByContent(printing, length);
  if (isOf(cursor, DNS)) printDns(printing, length, false);
  else if (isOf(cursor, DHCP_SERVER) || isOf(cursor, DHCP_CLIENT)) printDhcp(printing, length);
  else if (isOf(cursor, NTP)) printNtp(printing, length);
  else if (isOf(cursor, MULTICAST_DNS)) printDns(printing, length, true);
  else if (isOf(cursor, SIP)) printSip(printing, length);
  else return printByContent(printing, length);
  return true;
}

function isOf({ sourcePort, destinationPort }: PacketCursor, port: number): boolean {
  return sourcePort === port || destinationPort === port;
}

function printByContent(printing: Printing, length: number): boolean {
  const { bytes, at, end } = printing.cursor;
  if (!isSip(bytes, at, end)) return false;
  printSip(printing, length);
  return true;
}

/** What a TCP segment carries. */
export function printTcpPayload(printing: Printing, length: number): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  line.paint(Colour.Application);
  if (isOf(cursor, HTTP) || isOf(cursor, HTTP_ALTERNATIVE)) {
    line.text(': ');
    printHttp(printing, length);
  } else if (isOf(cursor, DNS)) {
    printDnsOverTcp(printing, length);
  } else if (end > at) {
    const first = uint8(bytes, at);
    if (first === 0x16) {
      if (isClientHello(bytes, at, end)) printClientHello(printing);
    } else if (first >= 0x41 && first <= 0x5a) {
      if (isHttp(bytes, at, end)) {
        line.text(': ');
        printHttp(printing, length);
      } else if (isSip(bytes, at, end)) {
        line.text(': ');
        printSip(printing, length);
      }
    }
  }
  line.plain();
}
