import { writeUint16 } from './network-order.js';
import { UDP, type Passage } from './passage.js';

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const TTL = 64;
const DONT_FRAGMENT = 0x40;

/** Bytes of the headers of IP and UDP. */
export function udpFrameHeaderBytes({ ipVersion }: Passage): number {
  return (ipVersion === 4 ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;
}

/** Writes an IP packet with a datagram of the payload [start, end), from and to the ends of a passage. */
export function writeUdpFrame(
  into: Buffer,
  at: number,
  passage: Passage,
  payload: Buffer,
  start: number,
  end: number,
): void {
  const udpAt = at + udpFrameHeaderBytes(passage) - UDP_BYTES;
  const udpBytes = UDP_BYTES + end - start;
  if (passage.ipVersion === 4) writeIpv4(into, at, passage, udpBytes);
  else writeIpv6(into, at, passage, udpBytes);
  writeUint16(into, passage.sourcePort, udpAt);
  writeUint16(into, passage.destinationPort, udpAt + 2);
  writeUint16(into, udpBytes, udpAt + 4);
  writeUint16(into, 0, udpAt + 6);
  payload.copy(into, udpAt + UDP_BYTES, start, end);
  // Over IPv4 there need not be a checksum (RFC 768).
  if (passage.ipVersion === 4) return;
  const pseudo = sumOf(into, udpAt - 32, udpAt) + UDP + udpBytes;
  const sum = checksum(pseudo + sumOf(into, udpAt, udpAt + udpBytes));
  writeUint16(into, sum === 0 ? 0xffff : sum, udpAt + 6);
}

function writeIpv4(into: Buffer, at: number, passage: Passage, payloadBytes: number): void {
  into.fill(0, at, at + IPV4_BYTES);
  into[at] = 0x45;
  writeUint16(into, IPV4_BYTES + payloadBytes, at + 2);
  into[at + 6] = DONT_FRAGMENT;
  into[at + 8] = TTL;
  into[at + 9] = UDP;
  const { addresses, sourceAt, destinationAt } = passage;
  addresses.copy(into, at + 12, sourceAt, sourceAt + 4);
  addresses.copy(into, at + 16, destinationAt, destinationAt + 4);
  writeUint16(into, checksum(sumOf(into, at, at + IPV4_BYTES)), at + 10);
}

function writeIpv6(into: Buffer, at: number, passage: Passage, payloadBytes: number): void {
  into.fill(0, at, at + IPV6_BYTES);
  into[at] = 0x60;
  writeUint16(into, payloadBytes, at + 4);
  into[at + 6] = UDP;
  into[at + 7] = TTL;
  const { addresses, sourceAt, destinationAt } = passage;
  addresses.copy(into, at + 8, sourceAt, sourceAt + 16);
  addresses.copy(into, at + 24, destinationAt, destinationAt + 16);
}

/** RFC 1071's sum of bytes, not folded. */
function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2)
    sum += ((bytes[at] ?? 0) << 8) + (at + 1 < end ? (bytes[at + 1] ?? 0) : 0);
  return sum;
}

function checksum(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}
