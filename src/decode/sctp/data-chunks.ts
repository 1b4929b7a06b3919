import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';

const CHUNK_HEADER_BYTES = 4;
const DATA_HEADER_BYTES = 16;
const DATA = 0;
/** Flags: the chunk is the last, or the first, piece of its message. */
const ENDS = 0x01;
const BEGINS = 0x02;

/** The data chunks of an SCTP packet (RFC 9260, section 3.3.1), as far as they were captured. */
export class DataChunks {
  /** Of the chunk that `next` went to: its part of a message. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Transmission sequence number: pieces of a message have numbers one after the other. */
  tsn = 0;
  begins = false;
  ends = false;
  /** Not all of it was captured. */
  isCut = false;

  #at = 0;
  #end = 0;

  /** Goes before the first chunk of the packet whose payload the cursor is at. */
  begin({ bytes, at, end }: PacketCursor): void {
    this.bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Goes to the next data chunk that has content; false where there are no more. */
  next(): boolean {
    const { bytes } = this;
    while (this.#end - this.#at >= CHUNK_HEADER_BYTES) {
      const at = this.#at;
      const length = uint16(bytes, at + 2);
      if (length < CHUNK_HEADER_BYTES) break;
      // Chunks begin at multiples of four bytes.
      this.#at = at + ((length + 3) & ~3);
      if (uint8(bytes, at) !== DATA || length <= DATA_HEADER_BYTES) continue;
      const flags = uint8(bytes, at + 1);
      this.begins = (flags & BEGINS) !== 0;
      this.ends = (flags & ENDS) !== 0;
      this.tsn = uint32(bytes, at + 4);
      this.start = at + DATA_HEADER_BYTES;
      this.isCut = at + length > this.#end;
      this.end = this.isCut ? this.#end : at + length;
      if (this.start < this.end) return true;
    }
    this.#at = this.#end;
    return false;
  }
}
