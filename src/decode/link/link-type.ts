import { Layer } from '../layer.js';

/** The outermost layer of packets of a link type (LINKTYPE_ number of the tcpdump.org registry). */
export function layerOfLink(linkType: number): Layer {
  switch (linkType) {
    case 0: // NULL
    case 108: // LOOP
      return Layer.Null;
    case 1: // ETHERNET
      return Layer.Ethernet;
    case 9: // PPP
    case 50: // PPP_HDLC
      return Layer.Ppp;
    case 51: // PPP_ETHER
      return Layer.Pppoe;
    case 204: // PPP_PPPD
      return Layer.PppDirection;
    case 12: // DLT_RAW, as some write it to files
    case 14:
    case 101: // RAW
    case 228: // IPV4
    case 229: // IPV6
      return Layer.Ip;
    case 105: // IEEE802_11
      return Layer.Ieee80211;
    case 113: // LINUX_SLL
      return Layer.LinuxCooked;
    case 127: // IEEE802_11_RADIOTAP
      return Layer.Radiotap;
    case 276: // LINUX_SLL2
      return Layer.LinuxCooked2;
    default:
      return Layer.Data;
  }
}
