export interface NativeDecompressor {
  /** Decompresses what fits into `into`; `mayEnd`: no member or frame is begun. Throws where the data are damaged. */
  decode(from: Buffer, into: Buffer): { consumed: number; produced: number; mayEnd: boolean };
}

export interface NativeMessageWriter {
  /**
   * Writes rows to `out` from `at` on, as many as `ends` has room for or `out` certainly has: how many, or the complement
   * (~) of it where the next would be too long. Throws where a row refers to what is not there.
   */
  write(
    rows: Int32Array,
    sources: readonly Buffer[],
    out: Buffer,
    at: number,
    ends: Int32Array,
  ): number;
  /** Of the framed messages that have been written. */
  valueBytes(): number;
}

/** Bytes from one form into another (`native/codec/`, `native/wire/`). */
export interface CodecAddon {
  Decompressor: new (format: 'gzip' | 'zstd' | 'lz4') => NativeDecompressor;
  /** `steps` as MessageForm has them; `mostBytes` of a message. */
  MessageWriter: new (
    steps: Int32Array,
    literals: Buffer,
    columns: number,
    mostBytes: number,
  ) => NativeMessageWriter;
  /** Puts into `into` where LFs are in [start, end), no more than there is room for: how many. */
  lineEnds: (bytes: Buffer, start: number, end: number, into: Int32Array) => number;
}
