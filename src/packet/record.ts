import { endianness } from 'node:os';

/**
 * A record of a capture file (draft-ietf-opsawg-pcap) and of a batch: seconds, fraction of a second, captured
 * length, original length, four unsigned 32-bit numbers in this machine's byte order; then the captured bytes.
 */
export const RECORD_HEADER_BYTES = 16;

/** Offsets in a record's header. */
export const FRACTION_OFFSET = 4;
export const CAPTURED_LENGTH_OFFSET = 8;
export const ORIGINAL_LENGTH_OFFSET = 12;

export const LITTLE_ENDIAN = endianness() === 'LE';

/**
 * Reads 4 bytes in this machine's byte order, straight from a Buffer's elements: its own methods cost more in a loop over
 * packets. A caller checks that the bytes are there; beyond the Buffer they are 0.
 */
export function readUint32(bytes: Buffer, offset: number): number {
  const first = bytes[offset] ?? 0;
  const second = bytes[offset + 1] ?? 0;
  const third = bytes[offset + 2] ?? 0;
  const fourth = bytes[offset + 3] ?? 0;
  const number = LITTLE_ENDIAN
    ? (fourth << 24) | (third << 16) | (second << 8) | first
    : (first << 24) | (second << 16) | (third << 8) | fourth;
  return number >>> 0;
}

/** Writes 4 bytes in this machine's byte order. */
export function writeUint32(bytes: Buffer, value: number, offset: number): void {
  if (LITTLE_ENDIAN) bytes.writeUInt32LE(value, offset);
  else bytes.writeUInt32BE(value, offset);
}

/** Writes 2 bytes in this machine's byte order. */
export function writeUint16(bytes: Buffer, value: number, offset: number): void {
  if (LITTLE_ENDIAN) bytes.writeUInt16LE(value, offset);
  else bytes.writeUInt16BE(value, offset);
}

/** Bytes that the record at `offset` takes, its header included. */
export function recordLength(bytes: Buffer, offset: number): number {
  return RECORD_HEADER_BYTES + readUint32(bytes, offset + CAPTURED_LENGTH_OFFSET);
}
