/**
 * Numbers in network byte order, straight from a Buffer's elements: DataView and the Buffer's own methods cost more in a
 * loop over packets. A caller checks that the bytes are there; beyond the Buffer they are 0.
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

export function writeUint16(bytes: Buffer, value: number, at: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeUint32(bytes: Buffer, value: number, at: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Copies few bytes: a call of Buffer's copy() costs more. */
export function copyShort(
  from: Buffer,
  fromAt: number,
  into: Buffer,
  at: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) into[at + index] = from[fromAt + index] ?? 0;
}
