import { uint16, uint8 } from '../protocols/network-order.js';
import type { PacketCursor } from './cursor.js';

/** The Internet checksum's sum (RFC 1071) of bytes, on top of another: not folded. Exact for some 64 KiB at a time. */
function sumOf(bytes: Buffer, at: number, end: number, before = 0): number {
  let sum = before;
  let i = at;
  for (; i + 1 < end; i += 2) sum += uint16(bytes, i);
  return i < end ? sum + (uint8(bytes, i) << 8) : sum;
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest % 0x10000) + Math.floor(rest / 0x10000);
  return rest;
}

/** What the checksum at `checksumAt` should be, given all bytes that it covers. */
function expected(sum: number, bytes: Buffer, checksumAt: number): number {
  // The complement of the sum without the checksum itself.
  return ~folded(sum + 0xffff - uint16(bytes, checksumAt)) & 0xffff;
}

/** What the checksum of a header or message without a pseudo header should be. */
export function expectedChecksum(
  bytes: Buffer,
  at: number,
  end: number,
  checksumAt: number,
): number {
  return expected(sumOf(bytes, at, end), bytes, checksumAt);
}

/** What the checksum of a transport that the cursor's IP header carries should be. */
export function expectedTransportChecksum(
  cursor: PacketCursor,
  at: number,
  end: number,
  checksumAt: number,
): number {
  const { bytes, sourceAt, ipVersion, protocol } = cursor;
  const addressBytes = ipVersion === 4 ? 8 : 32;
  const length = end - at;
  const pseudo = sumOf(bytes, sourceAt, sourceAt + addressBytes) + protocol + length;
  return expected(sumOf(bytes, at, end, pseudo), bytes, checksumAt);
}
