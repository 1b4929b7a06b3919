/** Reads unsigned numbers in the byte order of a file or a part of it. */
export interface ByteOrder {
  readonly uint16: (bytes: Buffer, offset: number) => number;
  readonly uint32: (bytes: Buffer, offset: number) => number;
  readonly int64: (bytes: Buffer, offset: number) => bigint;
}

export const LITTLE: ByteOrder = {
  uint16: (bytes, offset) => bytes.readUInt16LE(offset),
  uint32: (bytes, offset) => bytes.readUInt32LE(offset),
  int64: (bytes, offset) => bytes.readBigInt64LE(offset),
};

export const BIG: ByteOrder = {
  uint16: (bytes, offset) => bytes.readUInt16BE(offset),
  uint32: (bytes, offset) => bytes.readUInt32BE(offset),
  int64: (bytes, offset) => bytes.readBigInt64BE(offset),
};
