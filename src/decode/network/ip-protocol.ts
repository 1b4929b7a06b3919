import type { PacketCursor } from '../cursor.js';
import { Layer, SCTP, TCP, UDP } from '../layer.js';
import { Tunnel } from '../tunnel/tunnel.js';

const IPV4_IN_IP = 4;
const IPV6_IN_IP = 41;

/** IP in IP (RFC 2003, 2473, 4213). */
export function decodeIpTunnel(cursor: PacketCursor): void {
  if (!cursor.follows(Tunnel.IpInIp)) cursor.layer = Layer.Data;
  else cursor.enterTunnel(cursor.protocol === IPV4_IN_IP ? Layer.Ipv4 : Layer.Ipv6);
}

/** Goes to what an IP protocol number announces; Data where it is not decoded. */
export function toIpProtocol(cursor: PacketCursor, protocol: number): void {
  switch (protocol) {
    case TCP:
      cursor.layer = Layer.Tcp;
      return;
    case UDP:
      cursor.layer = Layer.Udp;
      return;
    case 1:
      cursor.layer = cursor.ipVersion === 4 ? Layer.Icmp : Layer.Data;
      return;
    case 58:
      cursor.layer = cursor.ipVersion === 6 ? Layer.Icmp6 : Layer.Data;
      return;
    case SCTP:
      cursor.layer = Layer.Sctp;
      return;
    case IPV4_IN_IP:
    case IPV6_IN_IP:
      cursor.layer = Layer.IpTunnel;
      return;
    case 47:
      cursor.layer = Layer.Gre;
      return;
    case 51:
      cursor.layer = Layer.Authentication;
      return;
    default:
      cursor.layer = Layer.Data;
  }
}
