/** Kinds of tunnels, each a bit, so that a number says which of them are looked into. */
export enum Tunnel {
  /** IPv4 or IPv6 in either. */
  IpInIp = 1,
  Gre = 2,
  /** In GRE, which need not be looked into otherwise. */
  Erspan = 4,
  Vxlan = 8,
  Geneve = 16,
  Gtp = 32,
  Tzsp = 64,
  /** Captured packets in UDP datagrams: not a layer, but what an application sends. */
  Hep = 128,
}

export const NO_TUNNELS = 0;
export const ALL_TUNNELS = 255;

/** By what users call them. */
export const TUNNEL_NAMES: ReadonlyMap<string, Tunnel> = new Map([
  ['ipip', Tunnel.IpInIp],
  ['gre', Tunnel.Gre],
  ['erspan', Tunnel.Erspan],
  ['vxlan', Tunnel.Vxlan],
  ['geneve', Tunnel.Geneve],
  ['gtp', Tunnel.Gtp],
  ['tzsp', Tunnel.Tzsp],
  ['hep', Tunnel.Hep],
]);
