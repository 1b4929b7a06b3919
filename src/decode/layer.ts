/** What begins at a cursor's place. */
export enum Layer {
  /** Nothing that is decoded here: an application's data, a protocol that is not known, or the rest of a broken packet. */
  Data,
  Ethernet,
  LinuxCooked,
  LinuxCooked2,
  Null,
  Ppp,
  PppDirection,
  Pppoe,
  PppoeDiscovery,
  Ieee80211,
  Radiotap,
  Llc,
  Vlan,
  Mpls,
  Arp,
  /** IPv4 or IPv6, whichever its first byte says. */
  Ip,
  Ipv4,
  Ipv6,
  Authentication,
  /** IP in IP: the inner header. */
  IpTunnel,
  Icmp,
  Icmp6,
  Udp,
  Tcp,
  Sctp,
  Gre,
  ErspanI,
  ErspanII,
  ErspanIII,
  Vxlan,
  Geneve,
  Gtp,
  Tzsp,
}

/** Why a layer could not be decoded to its end. */
export enum Trouble {
  None,
  /** The captured bytes end within its header. */
  Cut,
  /** Its header contradicts itself or the packet. */
  Malformed,
  /** More tunnels within one another than anybody has: nobody looks into the innermost. */
  TooDeep,
}

/** IP protocol numbers of the transports that have ports. */
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;

/** How many tunnels within one another are followed. */
export const MOST_TUNNELS = 8;
