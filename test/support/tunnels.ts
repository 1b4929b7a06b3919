import { bytes, ethernet, gre, ipv4, u16, u32, u8, udp } from './frames.js';

const NOTHING: Buffer = Buffer.alloc(0);
const framed = (packet: Buffer) => ethernet(0x0800, packet);
const overUdp = (port: number, ...parts: readonly Buffer[]) =>
  ipv4(17, udp([50_000, port], Buffer.concat(parts)));

/** An IPv4 packet within each kind of tunnel, as an IPv4 packet, by the names of --tunnels; all but HEP. */
export const TUNNELLED: Readonly<Record<string, (packet: Buffer) => Buffer>> = {
  ipip: (packet) => ipv4(4, packet),
  gre: (packet) => ipv4(47, gre(0, 0x0800, NOTHING, packet)),
  erspan: (packet) =>
    ipv4(
      47,
      gre(0x1000, 0x88be, u32(9), Buffer.concat([bytes('1064 0003 00000000'), framed(packet)])),
    ),
  vxlan: (packet) => overUdp(4789, bytes('08000000 000064 00'), framed(packet)),
  geneve: (packet) => overUdp(6081, bytes('0000 0800 000064 00'), packet),
  gtp: (packet) => overUdp(2152, u8(0x30, 255), u16(packet.length), u32(7), packet),
  tzsp: (packet) => overUdp(37_008, bytes('01 00 0001 01'), framed(packet)),
};
