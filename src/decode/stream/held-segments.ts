import { PagePool } from '../memory/page-pool.js';
import type { Segment } from './segment.js';

const NONE = -1;
const PAGE_BYTES = 2048;
/** More than a stream may hold, and a segment beside that. */
const FEWEST_PAGES = 512;

/**
 * What streams hold of segments that came too early, in order, in pieces of a page each at most. Of bytes that come twice
 * the first ones stay. A stream's place is the sequence number that it needs next; what it holds is never before that.
 */
export class HeldSegments {
  readonly #pool: PagePool;
  /** By page: sequence number and length of its piece, and the page of the next one. */
  readonly #sequence: Int32Array;
  readonly #length: Int32Array;
  readonly #next: Int32Array;
  /** By stream: its first and last piece, and their number. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #count: Int32Array;

  constructor(streams: number, bytes: number) {
    const pages = Math.max(Math.ceil(bytes / PAGE_BYTES), FEWEST_PAGES);
    this.#pool = new PagePool(pages, PAGE_BYTES);
    this.#sequence = new Int32Array(pages);
    this.#length = new Int32Array(pages);
    this.#next = new Int32Array(pages);
    this.#first = new Int32Array(streams).fill(NONE);
    this.#last = new Int32Array(streams).fill(NONE);
    this.#count = new Int32Array(streams);
  }

  /** Where the pieces lie. */
  get bytes(): Buffer {
    return this.#pool.bytes;
  }

  /** How many pieces there is room for, of any stream. */
  get room(): number {
    return this.#pool.free;
  }

  /** How many pieces a segment may become at most. */
  mostPieces(stream: number, length: number): number {
    return this.count(stream) + 1 + Math.ceil(length / PAGE_BYTES);
  }

  count(stream: number): number {
    return this.#count[stream] ?? 0;
  }

  /** Sequence number, place and length of the stream's first piece, if it holds any. */
  sequence(stream: number): number {
    return this.#sequence[this.#first[stream] ?? 0] ?? 0;
  }

  at(stream: number): number {
    return (this.#first[stream] ?? 0) * PAGE_BYTES;
  }

  length(stream: number): number {
    return this.#length[this.#first[stream] ?? 0] ?? 0;
  }

  /** Gives back the first piece; its bytes are valid until the next segment is held. */
  dropFirst(stream: number): void {
    const page = this.#first[stream] ?? NONE;
    const next = this.#next[page] ?? NONE;
    this.#first[stream] = next;
    if (next === NONE) this.#last[stream] = NONE;
    this.#count[stream] = (this.#count[stream] ?? 0) - 1;
    this.#pool.release(page);
  }

  /**
   * Holds a segment that begins after the stream's place, as far as its bytes are new. There is room for `mostPieces`.
   *
   * @returns how many bytes of it are new
   */
  hold(stream: number, place: number, { sequence, bytes, at, end }: Segment): number {
    // Distances from the stream's place, which don't wrap.
    const begin = (sequence - place) >>> 0;
    const stop = begin + end - at;
    let from = begin;
    let added = 0;
    let before = NONE;
    let piece = this.#first[stream] ?? NONE;
    const last = this.#last[stream] ?? NONE;
    // Most come in order, behind one hole.
    if (last !== NONE && this.#endOf(last, place) <= from) {
      before = last;
      piece = NONE;
    }
    while (from < stop) {
      const pieceFrom = piece === NONE ? stop : this.#distance(piece, place);
      if (from < pieceFrom) {
        const to = Math.min(stop, pieceFrom);
        const first = at + from - begin;
        before = this.#insert(stream, before, place + from, bytes, first, first + to - from);
        added += to - from;
        from = to;
      } else {
        from = Math.max(from, this.#endOf(piece, place));
        before = piece;
        piece = this.#next[piece] ?? NONE;
      }
    }
    return added;
  }

  #distance(piece: number, place: number): number {
    return ((this.#sequence[piece] ?? 0) - place) >>> 0;
  }

  #endOf(piece: number, place: number): number {
    return this.#distance(piece, place) + (this.#length[piece] ?? 0);
  }

  /** Puts bytes behind a piece, into what is left of its page or into new ones. The last piece of them. */
  #insert(
    stream: number,
    before: number,
    sequence: number,
    bytes: Buffer,
    at: number,
    end: number,
  ): number {
    let from = at;
    let previous = before;
    if (before !== NONE) {
      const length = this.#length[before] ?? 0;
      if ((((this.#sequence[before] ?? 0) + length) | 0) === (sequence | 0)) {
        const count = Math.min(end - from, PAGE_BYTES - length);
        bytes.copy(this.#pool.bytes, before * PAGE_BYTES + length, from, from + count);
        this.#length[before] = length + count;
        from += count;
      }
    }
    while (from < end) {
      const count = Math.min(end - from, PAGE_BYTES);
      const page = this.#pool.take();
      bytes.copy(this.#pool.bytes, page * PAGE_BYTES, from, from + count);
      this.#sequence[page] = sequence + from - at;
      this.#length[page] = count;
      this.#link(stream, previous, page);
      previous = page;
      from += count;
    }
    return previous;
  }

  #link(stream: number, before: number, page: number): void {
    const next = (before === NONE ? this.#first[stream] : this.#next[before]) ?? NONE;
    this.#next[page] = next;
    if (before === NONE) this.#first[stream] = page;
    else this.#next[before] = page;
    if (next === NONE) this.#last[stream] = page;
    this.#count[stream] = (this.#count[stream] ?? 0) + 1;
  }
}
