import type { PacketCursor } from './cursor.js';
import { Layer, Trouble } from './layer.js';
import { decodeEthernet } from './link/ethernet.js';
import { decodeIeee80211 } from './link/ieee80211.js';
import { decodeLinuxCooked, decodeLinuxCooked2 } from './link/linux-cooked.js';
import { decodeLlc } from './link/llc.js';
import { decodeMpls } from './link/mpls.js';
import { decodeNull } from './link/null.js';
import { decodePpp, decodePppDirection } from './link/ppp.js';
import { decodePppoe } from './link/pppoe.js';
import { decodeRadiotap } from './link/radiotap.js';
import { decodeVlan } from './link/vlan.js';
import { decodeAuthentication } from './network/authentication.js';
import { decodeIp } from './network/ip.js';
import { decodeIpTunnel } from './network/ip-protocol.js';
import { decodeIpv4 } from './network/ipv4.js';
import { decodeIpv6 } from './network/ipv6.js';
import { decodePlainDatagram } from './plain-datagram.js';
import { decodeSctp } from './transport/sctp.js';
import { decodeTcp } from './transport/tcp.js';
import { decodeUdp } from './transport/udp.js';
import { decodeErspanI, decodeErspanII, decodeErspanIII } from './tunnel/erspan.js';
import { decodeGeneve } from './tunnel/geneve.js';
import { decodeGre } from './tunnel/gre.js';
import { decodeGtp } from './tunnel/gtp.js';
import { decodeTzsp } from './tunnel/tzsp.js';
import { decodeVxlan } from './tunnel/vxlan.js';

/**
 * Decodes the packet as far as the transport within all its tunnels. True where there is one, with its ports and its
 * payload; a fragment has none: its IP header is decoded, and `at` to `end` is the piece of the datagram.
 */
export function decodeToTransport(cursor: PacketCursor): boolean {
  if (cursor.layer === Layer.Ethernet && decodePlainDatagram(cursor)) return true;
  for (;;) {
    if (cursor.isFragment) return false;
    if (cursor.layer === Layer.Data)
      return cursor.transport !== 0 && cursor.trouble === Trouble.None;
    if (cursor.layer === Layer.Udp) decodeUdp(cursor);
    else if (cursor.layer === Layer.Tcp) decodeTcp(cursor);
    else decodeLayer(cursor);
  }
}

/**
 * Decodes the layer at the cursor's place, and goes to what it carries. Always comes nearer to Layer.Data, which is where
 * it ends: each layer takes bytes, or leads to one that does.
 */
export function decodeLayer(cursor: PacketCursor): void {
  switch (cursor.layer) {
    case Layer.Data:
      return;
    case Layer.Ethernet:
      decodeEthernet(cursor);
      return;
    case Layer.LinuxCooked:
      decodeLinuxCooked(cursor);
      return;
    case Layer.LinuxCooked2:
      decodeLinuxCooked2(cursor);
      return;
    case Layer.Null:
      decodeNull(cursor);
      return;
    case Layer.Ppp:
      decodePpp(cursor);
      return;
    case Layer.PppDirection:
      decodePppDirection(cursor);
      return;
    case Layer.Pppoe:
    case Layer.PppoeDiscovery:
      decodePppoe(cursor);
      return;
    case Layer.Ieee80211:
      decodeIeee80211(cursor);
      return;
    case Layer.Radiotap:
      decodeRadiotap(cursor);
      return;
    case Layer.Llc:
      decodeLlc(cursor);
      return;
    case Layer.Vlan:
      decodeVlan(cursor);
      return;
    case Layer.Mpls:
      decodeMpls(cursor);
      return;
    case Layer.Ip:
      decodeIp(cursor);
      return;
    case Layer.Ipv4:
      decodeIpv4(cursor);
      return;
    case Layer.Ipv6:
      decodeIpv6(cursor);
      return;
    case Layer.IpTunnel:
      decodeIpTunnel(cursor);
      return;
    case Layer.Authentication:
      decodeAuthentication(cursor);
      return;
    case Layer.Udp:
      decodeUdp(cursor);
      return;
    case Layer.Tcp:
      decodeTcp(cursor);
      return;
    case Layer.Sctp:
      decodeSctp(cursor);
      return;
    case Layer.Gre:
      decodeGre(cursor);
      return;
    case Layer.ErspanI:
      decodeErspanI(cursor);
      return;
    case Layer.ErspanII:
      decodeErspanII(cursor);
      return;
    case Layer.ErspanIII:
      decodeErspanIII(cursor);
      return;
    case Layer.Vxlan:
      decodeVxlan(cursor);
      return;
    case Layer.Geneve:
      decodeGeneve(cursor);
      return;
    case Layer.Gtp:
      decodeGtp(cursor);
      return;
    case Layer.Tzsp:
      decodeTzsp(cursor);
      return;
    case Layer.Arp:
    case Layer.Icmp:
    case Layer.Icmp6:
      // They carry nothing that is looked into.
      cursor.layer = Layer.Data;
  }
}
