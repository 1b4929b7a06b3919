import { LITTLE_ENDIAN } from '../packet/record.js';

/**
 * Numbers in network byte order, straight from a Buffer's elements: DataView and the Buffer's own methods cost more in a
 * loop over packets. A caller checks that the bytes belong to the packet; beyond the Buffer they are 0.
 */

export function uint8(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}

export function uint16(bytes: Buffer, at: number): number {
  return (uint8(bytes, at) << 8) | uint8(bytes, at + 1);
}

export function uint24(bytes: Buffer, at: number): number {
  return (uint8(bytes, at) << 16) | uint16(bytes, at + 1);
}

export function uint32(bytes: Buffer, at: number): number {
  return ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;
}

/** A number of a record's header, which is in this machine's byte order. */
export function hostUint32(bytes: Buffer, at: number): number {
  if (!LITTLE_ENDIAN) return uint32(bytes, at);
  const high = (uint8(bytes, at + 3) << 8) | uint8(bytes, at + 2);
  return ((high << 16) | (uint8(bytes, at + 1) << 8) | uint8(bytes, at)) >>> 0;
}
