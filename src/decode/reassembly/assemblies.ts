import { PagePool } from '../memory/page-pool.js';
import { areAllCovered, cover, endOfRun, isAnyCovered } from './coverage.js';

const NONE = -1;

/** Of a datagram, without its header. */
export const MOST_DATAGRAM_BYTES = 65_535;

const PAGE_BYTES = 4096;
const PAGES_A_DATAGRAM = 16;
const COVERAGE_WORDS = 256;
const UNIT_BYTES = 8;

/** What `Assemblies.place` has come to. */
export enum Placing {
  /** All of it is new. */
  New,
  /** All of it is there, with the same bytes. */
  Duplicate,
  /** Some of it is there, or all of it with other bytes. Nothing has been written. */
  Overlap,
}

/**
 * Datagrams that are being put together: their bytes in pages of one pool, and which of them have come. All memory is there
 * from the beginning.
 */
export class Assemblies {
  readonly #pool: PagePool;
  readonly #free: Int32Array;
  #freeCount: number;
  /** By datagram: its length, or -1 while it is not known; where the furthest piece ends; units of 8 bytes there. */
  readonly #length: Int32Array;
  readonly #reach: Int32Array;
  readonly #units: Int32Array;
  readonly #coverage: Int32Array;
  readonly #pages: Int32Array;

  /**
   * @param count how many at once
   * @param bytes of memory for what they hold
   */
  constructor(count: number, bytes: number) {
    this.#pool = new PagePool(
      Math.max(Math.ceil(bytes / PAGE_BYTES), PAGES_A_DATAGRAM),
      PAGE_BYTES,
    );
    this.#free = new Int32Array(count).map((_, index) => count - 1 - index);
    this.#freeCount = count;
    this.#length = new Int32Array(count);
    this.#reach = new Int32Array(count);
    this.#units = new Int32Array(count);
    this.#coverage = new Int32Array(count * COVERAGE_WORDS);
    this.#pages = new Int32Array(count * PAGES_A_DATAGRAM).fill(NONE);
  }

  /** Begins a datagram; the caller takes no more of them than there are. */
  take(): number {
    const assembly = this.#free[--this.#freeCount] ?? 0;
    this.#length[assembly] = NONE;
    this.#reach[assembly] = 0;
    this.#units[assembly] = 0;
    return assembly;
  }

  release(assembly: number): void {
    const reach = this.#reach[assembly] ?? 0;
    const coverage = assembly * COVERAGE_WORDS;
    this.#coverage.fill(0, coverage, coverage + (((reach - 1) / UNIT_BYTES) >> 5) + 1);
    const pages = assembly * PAGES_A_DATAGRAM;
    for (let at = pages; at < pages + PAGES_A_DATAGRAM; at++) {
      const page = this.#pages[at] ?? NONE;
      if (page !== NONE) this.#pool.release(page);
      this.#pages[at] = NONE;
    }
    this.#free[this.#freeCount++] = assembly;
  }

  /** In bytes, once the last piece has come; else -1. */
  lengthOf(assembly: number): number {
    return this.#length[assembly] ?? NONE;
  }

  isComplete(assembly: number): boolean {
    const length = this.#length[assembly] ?? NONE;
    return length !== NONE && this.#units[assembly] === (length + UNIT_BYTES - 1) >> 3;
  }

  /** Whether a piece can belong to the datagram, by what others have said of its length. */
  fits(assembly: number, end: number, isLast: boolean): boolean {
    const length = this.#length[assembly] ?? NONE;
    if (length === NONE) return !isLast || end >= (this.#reach[assembly] ?? 0);
    return isLast ? end === length : end <= length;
  }

  /** Makes room for a piece; false where there is too little, after which it may be tried again. */
  makeRoom(assembly: number, offset: number, end: number): boolean {
    const pages = assembly * PAGES_A_DATAGRAM;
    for (let page = (offset / PAGE_BYTES) | 0; page * PAGE_BYTES < end; page++) {
      if (this.#pages[pages + page] !== NONE) continue;
      const taken = this.#pool.take();
      if (taken === NONE) return false;
      this.#pages[pages + page] = taken;
    }
    return true;
  }

  /** Puts a piece that fits in its place, for which there is room. */
  place(
    assembly: number,
    offset: number,
    isLast: boolean,
    bytes: Buffer,
    at: number,
    end: number,
  ): Placing {
    const pieceEnd = offset + end - at;
    const coverage = assembly * COVERAGE_WORDS;
    const from = offset >> 3;
    const to = (pieceEnd + UNIT_BYTES - 1) >> 3;
    if (isAnyCovered(this.#coverage, coverage, from, to))
      return areAllCovered(this.#coverage, coverage, from, to) &&
        this.#isSame(assembly, offset, bytes, at, end)
        ? Placing.Duplicate
        : Placing.Overlap;
    this.#write(assembly, offset, bytes, at, end);
    this.#note(assembly, from, to, pieceEnd, isLast);
    return Placing.New;
  }

  /** Puts those bytes of a piece that fits in their places whose places are empty. */
  fillGaps(
    assembly: number,
    offset: number,
    isLast: boolean,
    bytes: Buffer,
    at: number,
    end: number,
  ): void {
    const pieceEnd = offset + end - at;
    const coverage = assembly * COVERAGE_WORDS;
    const to = (pieceEnd + UNIT_BYTES - 1) >> 3;
    for (let from = offset >> 3; from < to;) {
      const runEnd = endOfRun(this.#coverage, coverage, from, to);
      if (!isAnyCovered(this.#coverage, coverage, from, from + 1)) {
        const gap = from * UNIT_BYTES;
        const gapEnd = Math.min(runEnd * UNIT_BYTES, pieceEnd);
        this.#write(assembly, gap, bytes, at + gap - offset, at + gapEnd - offset);
        this.#note(assembly, from, runEnd, gapEnd, false);
      }
      from = runEnd;
    }
    if (isLast) this.#length[assembly] = pieceEnd;
  }

  /** Copies the whole datagram. */
  copyTo(assembly: number, target: Buffer, targetAt: number): void {
    const length = this.#length[assembly] ?? 0;
    for (let done = 0; done < length; done += PAGE_BYTES) {
      const from = this.#placeOf(assembly, done);
      const count = Math.min(PAGE_BYTES, length - done);
      this.#pool.bytes.copy(target, targetAt + done, from, from + count);
    }
  }

  #note(assembly: number, from: number, to: number, end: number, isLast: boolean): void {
    cover(this.#coverage, assembly * COVERAGE_WORDS, from, to);
    this.#units[assembly] = (this.#units[assembly] ?? 0) + to - from;
    if (end > (this.#reach[assembly] ?? 0)) this.#reach[assembly] = end;
    if (isLast) this.#length[assembly] = end;
  }

  /** In the pool. */
  #placeOf(assembly: number, offset: number): number {
    const page = (offset / PAGE_BYTES) | 0;
    const taken = this.#pages[assembly * PAGES_A_DATAGRAM + page] ?? 0;
    return taken * PAGE_BYTES + offset - page * PAGE_BYTES;
  }

  #write(assembly: number, offset: number, bytes: Buffer, at: number, end: number): void {
    let into = offset;
    for (let from = at; from < end;) {
      const count = Math.min(end - from, PAGE_BYTES - (into % PAGE_BYTES));
      bytes.copy(this.#pool.bytes, this.#placeOf(assembly, into), from, from + count);
      from += count;
      into += count;
    }
  }

  #isSame(assembly: number, offset: number, bytes: Buffer, at: number, end: number): boolean {
    let of = offset;
    for (let from = at; from < end;) {
      const count = Math.min(end - from, PAGE_BYTES - (of % PAGE_BYTES));
      const place = this.#placeOf(assembly, of);
      if (bytes.compare(this.#pool.bytes, place, place + count, from, from + count) !== 0)
        return false;
      from += count;
      of += count;
    }
    return true;
  }
}
