/** One end of a connection; the address is IPv4. */
export interface End {
  readonly address: string;
  readonly port: number;
}

export interface Ends {
  readonly from: End;
  readonly to: End;
}

/** Longer than a header, and divided by 8: fragments have such lengths. */
const PAYLOAD = Buffer.alloc(400, 0x5a);

/** Of a packet, what comes after the ports. */
export const BEHIND_PORTS = 16 + PAYLOAD.length;

function tcp({ from, to }: Ends): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt16BE(0x5010, 12);
  return Buffer.concat([header, PAYLOAD]);
}

function ipv4(
  protocol: number,
  payload: Buffer,
  { from, to }: { readonly from: string; readonly to: string },
  fragment = 0,
): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(0x1234, 4);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  header.set(from.split('.').map(Number), 12);
  header.set(to.split('.').map(Number), 16);
  return Buffer.concat([header, payload]);
}

function ipv6(nextHeader: number, payload: Buffer, lastBytes: Ends): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = nextHeader;
  header[7] = 64;
  // Addresses that end in those of IPv4.
  header.write('20010db8', 8, 'hex');
  header.set(lastBytes.from.address.split('.').map(Number), 20);
  header.write('20010db8', 24, 'hex');
  header.set(lastBytes.to.address.split('.').map(Number), 36);
  return Buffer.concat([header, payload]);
}

/** An IPv4 packet of a TCP connection. */
export const TCP_OF_IPV4 = (ends: Ends) =>
  ipv4(6, tcp(ends), { from: ends.from.address, to: ends.to.address });
/** The same ports between IPv6 addresses that end in the same bytes. */
export const TCP_OF_IPV6 = (ends: Ends) => ipv6(6, tcp(ends), ends);

const MACS = Buffer.from('020000000002020000000001', 'hex');
const OUTER = { from: '192.0.2.1', to: '192.0.2.2' };
const OUTER_ENDS = {
  from: { address: '192.0.2.1', port: 0 },
  to: { address: '192.0.2.2', port: 0 },
};

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function frame(etherTypeAndMore: string, payload: Buffer): Buffer {
  return Buffer.concat([MACS, bytes(etherTypeAndMore), payload]);
}

function etherTypeOf(packet: Buffer): string {
  return (packet[0] ?? 0) >> 4 === 6 ? '86dd' : '0800';
}

const ethernet = (packet: Buffer) => frame(etherTypeOf(packet), packet);

function udp(port: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(50_000, 0);
  header.writeUInt16BE(port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

const vxlan = (packet: Buffer) => Buffer.concat([bytes('0800000000000500'), ethernet(packet)]);
const geneve = (packet: Buffer, options = 0) =>
  Buffer.concat([
    bytes(`${(options / 4).toString(16).padStart(2, '0')}00655800000500`),
    Buffer.alloc(options),
    ethernet(packet),
  ]);
const gre = (packet: Buffer) => Buffer.concat([bytes(`0000${etherTypeOf(packet)}`), packet]);

/** The packet in two fragments, of which the second holds no header. */
function inFragments(protocol: number, payload: Buffer): Buffer[] {
  return [
    ethernet(ipv4(protocol, payload.subarray(0, 200), OUTER, 0x2000)),
    ethernet(ipv4(protocol, payload.subarray(200), OUTER, 200 / 8)),
  ];
}

/** Ethernet frames that carry an IP packet, by what is around it. */
export const WRAPPINGS: Readonly<Record<string, (packet: Buffer) => Buffer[]>> = {
  nothing: (packet) => [ethernet(packet)],
  'a VLAN tag': (packet) => [frame(`81000005${etherTypeOf(packet)}`, packet)],
  'two VLAN tags': (packet) => [frame(`88a8000581000006${etherTypeOf(packet)}`, packet)],
  'an unusual tag': (packet) => [frame(`9100000581000006${etherTypeOf(packet)}`, packet)],
  PPPoE: (packet) => [frame(`88641100000101aa${packet[0] === 0x45 ? '0021' : '0057'}`, packet)],
  MPLS: (packet) => [frame('88470001004000020140', packet)],
  'Ethernet over MPLS': (packet) => [frame('88470001014000000000', ethernet(packet))],
  GRE: (packet) => [ethernet(ipv4(47, gre(packet), OUTER))],
  'GRE with key': (packet) => [
    ethernet(ipv4(47, Buffer.concat([bytes(`2000${etherTypeOf(packet)}00000007`), packet]), OUTER)),
  ],
  'Ethernet over GRE': (packet) => [
    ethernet(ipv4(47, Buffer.concat([bytes('00006558'), ethernet(packet)]), OUTER)),
  ],
  'IP in IP': (packet) => [ethernet(ipv4(packet[0] === 0x45 ? 4 : 41, packet, OUTER))],
  'IP in IPv6': (packet) => [ethernet(ipv6(packet[0] === 0x45 ? 4 : 41, packet, OUTER_ENDS))],
  VXLAN: (packet) => [ethernet(ipv4(17, udp(4789, vxlan(packet)), OUTER))],
  'VXLAN in a VLAN': (packet) => [frame('810000050800', ipv4(17, udp(4789, vxlan(packet)), OUTER))],
  'VXLAN at another port, over IPv6': (packet) => [
    ethernet(ipv6(17, udp(12_345, vxlan(packet)), OUTER_ENDS)),
  ],
  Geneve: (packet) => [ethernet(ipv4(17, udp(6081, geneve(packet)), OUTER))],
  'Geneve with options': (packet) => [ethernet(ipv4(17, udp(6081, geneve(packet, 64)), OUTER))],
  'GTP-U': (packet) => [
    ethernet(ipv4(17, udp(2152, Buffer.concat([bytes('30ff005400000001'), packet])), OUTER)),
  ],
  'VXLAN in fragments': (packet) => inFragments(17, udp(4789, vxlan(packet))),
  'GRE in fragments': (packet) => inFragments(47, gre(packet)),
};
