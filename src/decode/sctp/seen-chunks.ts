import { uint32 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { KeyTable } from '../memory/key-table.js';

const NONE = -1;
/** Most directions of associations. */
const MOST = 4096;
/** How far behind the newest chunk others are told apart: what lies further back has come before. */
const WINDOW = 1024;
const WORDS = WINDOW / 32;
const VERIFICATION_TAG_AT = 4;
const NAMES = 2 ** 20;

/**
 * Which data chunks have come, of each direction of an association: those that are sent again count once. A direction is
 * known by its ports and its verification tag, as one association may have several addresses.
 */
export class SeenChunks {
  readonly #table: KeyTable;
  /** By direction: its newest chunk, the chunks before that which have come, a bit each, and a number of its own. */
  readonly #newest: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #names: Int32Array;
  #name = 0;

  constructor(most = MOST) {
    this.#table = new KeyTable(most, 3);
    this.#newest = new Uint32Array(most);
    this.#bits = new Uint32Array(most * WORDS);
    this.#names = new Int32Array(most);
  }

  /**
   * Takes note of a chunk of the packet that the cursor is at; the number of its direction, less than 2^20, or -1 where the
   * chunk has come before.
   */
  take(cursor: PacketCursor, tsn: number): number {
    const table = this.#table;
    const { key } = table;
    key[0] = (cursor.sourcePort << 16) | cursor.destinationPort;
    key[1] = uint32(cursor.bytes, cursor.transportAt + VERIFICATION_TAG_AT);
    key[2] = cursor.tunnels;
    let slot = table.find();
    if (slot === NONE) {
      if (table.isFull) table.release(table.order.oldest);
      slot = table.take();
      this.#newest[slot] = tsn;
      this.#bits.fill(0, slot * WORDS, (slot + 1) * WORDS);
      this.#names[slot] = this.#name = (this.#name + 1) % NAMES;
    } else table.order.append(slot);
    return this.#isNew(slot, tsn) ? (this.#names[slot] ?? 0) : NONE;
  }

  #isNew(slot: number, tsn: number): boolean {
    const ahead = (tsn - (this.#newest[slot] ?? 0)) | 0;
    if (ahead <= -WINDOW) return false;
    if (ahead > 0) {
      // What was so far behind goes out of the window.
      for (let step = 1; step <= Math.min(ahead, WINDOW); step++)
        this.#clear(slot, (tsn - ahead + step) % WINDOW);
      this.#newest[slot] = tsn;
    }
    const bit = tsn % WINDOW;
    const word = slot * WORDS + (bit >>> 5);
    const mask = 1 << (bit & 31);
    const before = this.#bits[word] ?? 0;
    this.#bits[word] = before | mask;
    return (before & mask) === 0;
  }

  #clear(slot: number, bit: number): void {
    const place = (bit + WINDOW) % WINDOW;
    const word = slot * WORDS + (place >>> 5);
    this.#bits[word] = (this.#bits[word] ?? 0) & ~(1 << (place & 31));
  }
}
