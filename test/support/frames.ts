import { createHash } from 'node:crypto';

/**
 * Headers of network protocols written by the book, for tests of what reads them: each function puts a header in front of
 * what it carries, with lengths and checksums as they should be.
 */

const NOTHING: Buffer = Buffer.alloc(0);

export const SOURCE_MAC = '02:00:00:00:00:01';
export const DESTINATION_MAC = '02:00:00:00:00:02';

export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/[\s:]/g, ''), 'hex');
}

export function text(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

export function u8(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const two = Buffer.alloc(2);
      two.writeUInt16BE(value & 0xffff);
      return two;
    }),
  );
}

export function u32(...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(value >>> 0);
      return four;
    }),
  );
}

/** The Internet checksum (RFC 1071). */
export function checksum(...parts: readonly Buffer[]): number {
  const all = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += ((all[i] ?? 0) << 8) + (all[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function ethernet(type: number, payload: Buffer): Buffer {
  return Buffer.concat([bytes(DESTINATION_MAC), bytes(SOURCE_MAC), u16(type), payload]);
}

/** 802.3: a length, and LLC. */
export function ethernet802(payload: Buffer): Buffer {
  return ethernet(payload.length, payload);
}

export function snap(type: number, payload: Buffer): Buffer {
  return Buffer.concat([bytes('aa aa 03 00 00 00'), u16(type), payload]);
}

export function vlan(tag: number, type: number, payload: Buffer): Buffer {
  return Buffer.concat([u16(tag, type), payload]);
}

export function mpls(labels: readonly number[], payload: Buffer): Buffer {
  const entries = labels.map((label, index) =>
    u32(label * 0x1000 + (index === labels.length - 1 ? 0x100 : 0) + 64),
  );
  return Buffer.concat([...entries, payload]);
}

export function pppoe(payload: Buffer, { code = 0, session = 0x1234 } = {}): Buffer {
  return Buffer.concat([u8(0x11, code), u16(session, payload.length), payload]);
}

export function ipAddress(address: string): Buffer {
  if (address.includes('.')) return u8(...address.split('.').map(Number));
  const [before = '', after] = address.split('::');
  const words = (part: string) => part.split(':').filter((word) => word !== '');
  const [first, last] = [words(before), words(after ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return u16(...[...first, ...zeros, ...last].map((word) => parseInt(word, 16)));
}

interface Ipv4Header {
  readonly source?: string;
  readonly destination?: string;
  readonly id?: number;
  readonly tos?: number;
  readonly ttl?: number;
  /** Flags and offset as they stand in the header. */
  readonly fragment?: number;
  readonly options?: Buffer;
  /** Total length, where it is not what it should be. */
  readonly length?: number;
}

export function ipv4(protocol: number, payload: Buffer, header: Ipv4Header = {}): Buffer {
  const { source = '192.0.2.1', destination = '198.51.100.2', id = 1, tos = 0, ttl = 64 } = header;
  const { fragment = 0x4000, options = NOTHING } = header;
  const headerBytes = 20 + options.length;
  const length = header.length ?? headerBytes + payload.length;
  const before = Buffer.concat([
    ...[u8(0x40 | (headerBytes / 4), tos), u16(length, id, fragment), u8(ttl, protocol)],
  ]);
  const after = Buffer.concat([ipAddress(source), ipAddress(destination), options]);
  return Buffer.concat([before, u16(checksum(before, after)), after, payload]);
}

interface Ipv6Header {
  readonly source?: string;
  readonly destination?: string;
  readonly flow?: number;
}

export function ipv6(next: number, payload: Buffer, header: Ipv6Header = {}): Buffer {
  const { source = '2001:db8::1', destination = '2001:db8::2', flow = 0 } = header;
  return Buffer.concat([
    ...[u32(0x6000_0000 + flow), u16(payload.length), u8(next, 64)],
    ...[ipAddress(source), ipAddress(destination), payload],
  ]);
}

/** What the checksum of a transport within `ip` covers beside itself. */
function pseudoHeader(addresses: Addresses, protocol: number, length: number): Buffer {
  const { source, destination } = addresses;
  return Buffer.concat([ipAddress(source), ipAddress(destination), u32(length, protocol)]);
}

interface Addresses {
  readonly source: string;
  readonly destination: string;
}

export const IPV4_ENDS: Addresses = { source: '192.0.2.1', destination: '198.51.100.2' };
export const IPV6_ENDS: Addresses = { source: '2001:db8::1', destination: '2001:db8::2' };

export function udp(
  ports: readonly [source: number, destination: number],
  payload: Buffer,
  {
    addresses = IPV4_ENDS,
    length = payload.length + 8,
  }: { addresses?: Addresses; length?: number } = {},
): Buffer {
  const header = u16(...ports, length);
  const sum = checksum(pseudoHeader(addresses, 17, payload.length + 8), header, payload);
  return Buffer.concat([header, u16(sum === 0 ? 0xffff : sum), payload]);
}

interface TcpHeader {
  readonly sequence?: number;
  readonly acknowledgment?: number;
  /** Letters as tcpdump's: S, F, R, P, ., U, E, W. */
  readonly flags?: string;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: Buffer;
  readonly addresses?: Addresses;
}

export function tcp(
  ports: readonly [source: number, destination: number],
  payload: Buffer,
  header: TcpHeader = {},
): Buffer {
  const { sequence = 1000, acknowledgment = 2000, flags = 'P.', window = 502, urgent = 0 } = header;
  const { options = NOTHING, addresses = IPV4_ENDS } = header;
  const bits = 'F,S,R,P,.,U,E,W'
    .split(',')
    .reduce((sum, letter, bit) => sum + (flags.includes(letter) ? 1 << bit : 0), 0);
  const before = Buffer.concat([
    ...[u16(...ports), u32(sequence, acknowledgment)],
    ...[u8(((20 + options.length) / 4) << 4, bits), u16(window)],
  ]);
  const after = Buffer.concat([u16(urgent), options, payload]);
  const length = before.length + 2 + after.length;
  const sum = checksum(pseudoHeader(addresses, 6, length), before, after);
  return Buffer.concat([before, u16(sum), after]);
}

export function icmp(type: number, code: number, rest: Buffer): Buffer {
  const before = u8(type, code);
  return Buffer.concat([before, u16(checksum(before, rest)), rest]);
}

export function icmp6(type: number, code: number, rest: Buffer, addresses = IPV6_ENDS): Buffer {
  const before = u8(type, code);
  const sum = checksum(pseudoHeader(addresses, 58, rest.length + 4), before, rest);
  return Buffer.concat([before, u16(sum), rest]);
}

export function arp(
  operation: number,
  sender: readonly [mac: string, address: string],
  target: readonly [mac: string, address: string],
): Buffer {
  return Buffer.concat([
    ...[u16(1, 0x0800), u8(6, 4), u16(operation)],
    ...[sender, target].flatMap(([mac, address]) => [bytes(mac), ipAddress(address)]),
  ]);
}

export function dnsName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.flatMap((label) => [u8(label.length), Buffer.from(label, 'latin1')]),
    u8(0),
  ]);
}

export function dns(
  { id = 0x1234, flags = 0x0100 },
  sections: {
    readonly questions?: readonly Buffer[];
    readonly answers?: readonly Buffer[];
    readonly authorities?: readonly Buffer[];
    readonly additional?: readonly Buffer[];
  },
): Buffer {
  const { questions = [], answers = [], authorities = [], additional = [] } = sections;
  const all = [questions, answers, authorities, additional];
  return Buffer.concat([u16(id, flags, ...all.map(({ length }) => length)), ...all.flat()]);
}

export function question(name: string, type = 1, questionClass = 1): Buffer {
  return Buffer.concat([dnsName(name), u16(type, questionClass)]);
}

export function record(
  name: Buffer,
  type: number,
  data: Buffer,
  { recordClass = 1, ttl = 300 } = {},
): Buffer {
  return Buffer.concat([name, u16(type, recordClass), u32(ttl), u16(data.length), data]);
}

/** A client's hello for a server of this name. */
export function clientHello(name: string): Buffer {
  const host = Buffer.from(name, 'latin1');
  const extension = (type: number, data: Buffer) => Buffer.concat([u16(type, data.length), data]);
  const list = Buffer.concat([u8(0), u16(host.length), host]);
  const extensions = Buffer.concat([
    extension(0x0a0a, Buffer.alloc(0)),
    extension(0, Buffer.concat([u16(list.length), list])),
    extension(16, bytes('00 0c 02 68 32 08 68 74 74 70 2f 31 2e 31')),
    extension(43, bytes('04 03 04 03 03')),
  ]);
  const random = createHash('sha256').update(name).digest();
  const body = Buffer.concat([
    ...[u16(0x0303), random, u8(0), u16(4, 0x1301, 0xc02f), u8(1, 0)],
    ...[u16(extensions.length), extensions],
  ]);
  const hello = Buffer.concat([u8(1, 0), u16(body.length), body]);
  return Buffer.concat([u8(0x16, 3, 1), u16(hello.length), hello]);
}

export function gre(flags: number, protocol: number, fields: Buffer, payload: Buffer): Buffer {
  return Buffer.concat([u16(flags, protocol), fields, payload]);
}

export function sctp(
  ports: readonly [source: number, destination: number],
  ...chunks: readonly Buffer[]
): Buffer {
  return Buffer.concat([u16(...ports), u32(0x01020304, 0), ...chunks]);
}

export function chunk(type: number, flags: number, content: Buffer): Buffer {
  const padding = Buffer.alloc((4 - (content.length % 4)) % 4);
  return Buffer.concat([u8(type, flags), u16(4 + content.length), content, padding]);
}
