import type { Link, PacketBatch } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  ORIGINAL_LENGTH_OFFSET,
  RECORD_HEADER_BYTES,
  writeUint32,
} from '../packet/record.js';

/** A packet as a file says it; one object serves for many packets. */
export interface PacketFields {
  /** Seconds since 1970-01-01 UTC, at most 32 bits. */
  seconds: number;
  /** Microseconds or nanoseconds. */
  fraction: number;
  captured: number;
  original: number;
  /** Where its captured bytes begin. */
  frameAt: number;
}

/**
 * Makes pcap records where other formats' packets were read from. A packet must not take less room there than its
 * record does: then nothing is overwritten that has not been read.
 */
export class RecordsInPlace {
  readonly #bytes: Buffer;
  #end = 0;
  #count = 0;
  #longest = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  add({ seconds, fraction, captured, original, frameAt }: PacketFields): void {
    const bytes = this.#bytes;
    const at = this.#end;
    // The header may take the place of the frame's beginning.
    bytes.copyWithin(at + RECORD_HEADER_BYTES, frameAt, frameAt + captured);
    writeUint32(bytes, seconds, at);
    writeUint32(bytes, fraction, at + FRACTION_OFFSET);
    writeUint32(bytes, captured, at + CAPTURED_LENGTH_OFFSET);
    writeUint32(bytes, original, at + ORIGINAL_LENGTH_OFFSET);
    this.#end = at + RECORD_HEADER_BYTES + captured;
    this.#count++;
    if (captured > this.#longest) this.#longest = captured;
  }

  /** The records so far; undefined where there is none. */
  batch(link: Link | undefined): PacketBatch | undefined {
    if (!link || this.#count === 0) return undefined;
    return {
      bytes: this.#bytes.subarray(0, this.#end),
      count: this.#count,
      link: withSnapLength(link, this.#longest),
    };
  }
}

/** The link of frames up to this long; a file may promise less. */
export function withSnapLength(link: Link, longest: number): Link {
  return longest > link.snapLength ? { ...link, snapLength: longest } : link;
}
