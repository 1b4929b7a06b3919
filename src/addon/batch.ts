/** A batch as the addon hands it over: see `native/batch/batch.h`. The buffers are reused for later batches. */
export interface NativeBatch {
  readonly buffer: Buffer;
  /** How much of `buffer` holds records. */
  readonly byteLength: number;
  readonly count: number;
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
  readonly host?: string;
}

/** Packets that a producer gave back, or that failed for their own sake. */
export interface NativeUndeliveredBatch {
  readonly records: Buffer;
  /** The number of each packet's message. */
  readonly numbers: Float64Array;
  readonly count: number;
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
}

export interface BatchAddon {
  /** Memory such as batches have: a producer may borrow packets in it instead of copying them. */
  lendableBuffer(bytes: number): Buffer;
  /** Whether a producer still reads packets in the memory of this Buffer, which nobody may write to then. */
  isLent(buffer: Buffer): boolean;
}
