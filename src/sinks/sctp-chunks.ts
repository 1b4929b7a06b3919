import { uint16, uint8 } from '../protocols/network-order.js';
import type { PacketCursor } from '../decode/cursor.js';

const CHUNK_HEADER_BYTES = 4;
const DATA_HEADER_BYTES = 16;
const DATA = 0;
/** The chunk is both the first and the last piece of its message. */
const WHOLE = 0x03;

/** The messages in an SCTP packet's data chunks (RFC 9260, section 3.3.1); of those in several chunks there are none. */
export class SctpChunks {
  /** The message that `next` went to. */
  start = 0;
  end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** Goes before the first chunk of the packet whose payload the cursor is at. */
  begin({ bytes, at, end }: PacketCursor): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  next(): boolean {
    const bytes = this.#bytes;
    while (this.#end - this.#at >= CHUNK_HEADER_BYTES) {
      const at = this.#at;
      const length = uint16(bytes, at + 2);
      if (length < CHUNK_HEADER_BYTES) break;
      // Chunks begin at multiples of four bytes.
      this.#at = at + ((length + 3) & ~3);
      const isWhole = (uint8(bytes, at + 1) & WHOLE) === WHOLE;
      if (uint8(bytes, at) !== DATA || !isWhole || length <= DATA_HEADER_BYTES) continue;
      this.start = at + DATA_HEADER_BYTES;
      this.end = Math.min(at + length, this.#end);
      if (this.start < this.end) return true;
    }
    this.#at = this.#end;
    return false;
  }
}
