import type { PacketCursor } from '../cursor.js';
import { Layer } from '../layer.js';

/** The layer that an EtherType announces; Data where it is not decoded. */
export function layerOfEtherType(etherType: number): Layer {
  switch (etherType) {
    case 0x0800:
      return Layer.Ipv4;
    case 0x86dd:
      return Layer.Ipv6;
    case 0x0806:
    case 0x8035: // reverse ARP
      return Layer.Arp;
    case 0x8100:
    case 0x88a8: // QinQ
    case 0x9100: // QinQ before it was a standard
    case 0x9200:
      return Layer.Vlan;
    case 0x8847:
    case 0x8848: // multicast
      return Layer.Mpls;
    case 0x8863:
      return Layer.PppoeDiscovery;
    case 0x8864:
      return Layer.Pppoe;
    case 0x880b:
      return Layer.Ppp;
    default:
      return Layer.Data;
  }
}

/** Goes to what an EtherType announces. */
export function toEtherType(cursor: PacketCursor, etherType: number): void {
  cursor.etherType = etherType;
  cursor.layer = layerOfEtherType(etherType);
}
