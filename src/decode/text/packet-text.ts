import type { PacketBatch } from '../../packet/packet-batch.js';
import { PacketCursor } from '../cursor.js';
import { decodeLayer } from '../decode-layer.js';
import { Layer, Trouble } from '../layer.js';
import { printArp } from './arp.js';
import { Clock } from './clock.js';
import { printHexDump } from './hex-dump.js';
import { printIcmp } from './icmp.js';
import { printIcmp6 } from './icmp6.js';
import { printAuthentication, printIp, printIpv4 } from './ip.js';
import { printIpv6 } from './ipv6.js';
import { Line } from './line.js';
import {
  printEthernet,
  printIeee80211,
  printLinuxCooked,
  printLinuxCooked2,
  printLlc,
  printNull,
  printRadiotap,
  printUnknownLink,
  printVlan,
} from './link.js';
import { printMpls } from './mpls.js';
import { printPpp, printPppDirection, printPppoe } from './ppp.js';
import type { Printing } from './printing.js';
import { printSctp } from './sctp.js';
import { SequenceOrigins } from './sequence-origins.js';
import { printTcp } from './tcp.js';
import {
  printErspanI,
  printErspanII,
  printErspanIII,
  printGeneve,
  printGre,
  printGtp,
  printIpTunnel,
  printTzsp,
  printVxlan,
} from './tunnels.js';
import { printUdp } from './udp.js';

/** Of how many TCP streams the sequence numbers are relative. */
const STREAMS = 65_536;

export interface PacketTextOptions {
  /** More of each protocol, as tcpdump's -v. */
  readonly verbose: boolean;
  /** The bytes of each packet below its line, without the link layer's header as tcpdump's -x has them. */
  readonly dump: 'none' | 'hex' | 'hex-ascii';
  /** For a terminal. */
  readonly colours: boolean;
}

/** Writes packets as lines of text, as tcpdump -n does. */
export class PacketText {
  readonly #line: Line;
  readonly #clock = new Clock();
  readonly #cursor = new PacketCursor();
  readonly #printing: Printing;
  readonly #dump: PacketTextOptions['dump'];
  /** Where each packet's text ends. */
  #ends = new Uint32Array(1024);

  constructor({ verbose, dump, colours }: PacketTextOptions) {
    this.#line = new Line({ colours });
    this.#dump = dump;
    this.#printing = {
      line: this.#line,
      cursor: this.#cursor,
      verbose,
      dumpsAll: dump !== 'none',
      origins: new SequenceOrigins(STREAMS),
      hasAddresses: false,
    };
  }

  /** The text of these packets; it is valid until the next call. */
  print(batch: PacketBatch): Buffer {
    const line = this.#line;
    const cursor = this.#cursor;
    line.clear();
    if (this.#ends.length < batch.count) this.#ends = new Uint32Array(batch.count * 2);
    cursor.begin(batch);
    for (let packet = 0; cursor.next(); packet++) {
      this.#clock.write(line, cursor);
      printPacket(this.#printing);
      if (this.#dump !== 'none') this.#printBytes();
      line.newLine();
      this.#ends[packet] = line.length;
    }
    return line.bytes.subarray(0, line.length);
  }

  /** How many packets' text is within the first bytes of what was printed last. */
  packetsWithin(bytes: number, count: number): number {
    let packets = 0;
    while (packets < count && (this.#ends[packets] ?? Infinity) <= bytes) packets++;
    return packets;
  }

  #printBytes(): void {
    const { bytes, frameEnd } = this.#cursor;
    const at = afterLink(this.#cursor);
    printHexDump(this.#line, bytes, at, frameEnd, this.#dump === 'hex-ascii');
  }
}

/** Where the link layer's header ends; the beginning of a packet that is cut within it. */
function afterLink(cursor: PacketCursor): number {
  cursor.restart();
  while (LINK_LAYERS.has(cursor.layer)) decodeLayer(cursor);
  return cursor.trouble === Trouble.None ? cursor.at : cursor.frameAt;
}

const LINK_LAYERS: ReadonlySet<Layer> = new Set([
  ...[Layer.Ethernet, Layer.Vlan, Layer.Llc, Layer.LinuxCooked, Layer.LinuxCooked2, Layer.Null],
  ...[Layer.Ppp, Layer.PppDirection, Layer.Radiotap, Layer.Ieee80211],
]);

/** Prints each layer, and then what it carries. */
function printPacket(printing: Printing): void {
  const { cursor } = printing;
  if (cursor.layer === Layer.Data) printUnknownLink(printing);
  while (cursor.layer !== Layer.Data) printLayer(printing);
}

function printLayer(printing: Printing): void {
  switch (printing.cursor.layer) {
    case Layer.Data:
      return;
    case Layer.Ethernet:
      printEthernet(printing);
      return;
    case Layer.LinuxCooked:
      printLinuxCooked(printing);
      return;
    case Layer.LinuxCooked2:
      printLinuxCooked2(printing);
      return;
    case Layer.Null:
      printNull(printing);
      return;
    case Layer.Ppp:
      printPpp(printing);
      return;
    case Layer.PppDirection:
      printPppDirection(printing);
      return;
    case Layer.Pppoe:
    case Layer.PppoeDiscovery:
      printPppoe(printing);
      return;
    case Layer.Ieee80211:
      printIeee80211(printing);
      return;
    case Layer.Radiotap:
      printRadiotap(printing);
      return;
    case Layer.Llc:
      printLlc(printing);
      return;
    case Layer.Vlan:
      printVlan(printing);
      return;
    case Layer.Mpls:
      printMpls(printing);
      return;
    case Layer.Arp:
      printArp(printing);
      return;
    case Layer.Ip:
      printIp(printing);
      return;
    case Layer.Ipv4:
      printIpv4(printing);
      return;
    case Layer.Ipv6:
      printIpv6(printing);
      return;
    case Layer.Authentication:
      printAuthentication(printing);
      return;
    case Layer.IpTunnel:
      printIpTunnel(printing);
      return;
    case Layer.Icmp:
      printIcmp(printing);
      return;
    case Layer.Icmp6:
      printIcmp6(printing);
      return;
    case Layer.Udp:
      printUdp(printing);
      return;
    case Layer.Tcp:
      printTcp(printing);
      return;
    case Layer.Sctp:
      printSctp(printing);
      return;
    case Layer.Gre:
      printGre(printing);
      return;
    case Layer.ErspanI:
      printErspanI(printing);
      return;
    case Layer.ErspanII:
      printErspanII(printing);
      return;
    case Layer.ErspanIII:
      printErspanIII(printing);
      return;
    case Layer.Vxlan:
      printVxlan(printing);
      return;
    case Layer.Geneve:
      printGeneve(printing);
      return;
    case Layer.Gtp:
      printGtp(printing);
      return;
    case Layer.Tzsp:
      printTzsp(printing);
  }
}
