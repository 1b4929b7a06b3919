/** Puts into `into` where LFs are in [start, end), no more than there is room for: how many. */
export type FindLineEnds = (bytes: Buffer, start: number, end: number, into: Int32Array) => number;

/** How far one look goes, beyond the message that it is for. */
const AHEAD_BYTES = 32 * 1024;
const MOST = 2048;
/** Comes after all others. */
const NONE = 0x7fff_ffff;
const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Where the lines of many messages end that lie in one Buffer: found for some tens of messages at once, by what takes a fifth
 * of JavaScript's time, but for each call as long as a line.
 */
export class LineEnds {
  /** Offsets of LFs, in order; what follows the last is beyond all bytes. */
  readonly found: Int32Array;

  readonly #findIn: FindLineEnds | undefined;
  #bytes = NO_BYTES;
  /** Where the bytes begin of which all are known, and where they end. */
  #from = 0;
  #until = 0;
  #index = 0;

  constructor(findIn?: FindLineEnds) {
    this.#findIn = findIn;
    this.found = new Int32Array(findIn ? MOST + 1 : 0);
  }

  /** From now on they are looked for in these bytes, which stay as they are until the next call. */
  look(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#until = 0;
  }

  /**
   * The index of the first one at or after `at`; all up to `end` follow. -1 where they are not known: the bytes are others,
   * or have more lines than any message should.
   */
  indexAt(bytes: Buffer, at: number, end: number): number {
    if (bytes !== this.#bytes || !this.#findIn) return -1;
    if (at < this.#from || end > this.#until) {
      this.#find(at, end, this.#findIn);
      if (end > this.#until) return -1;
    }
    const { found } = this;
    let index = this.#index;
    while ((found[index] ?? NONE) < at) index++;
    this.#index = index;
    this.#from = at;
    return index;
  }

  #find(at: number, end: number, findIn: FindLineEnds): void {
    const { found } = this;
    const until = Math.min(Math.max(end, at + AHEAD_BYTES), this.#bytes.length);
    const count = findIn(this.#bytes, at, until, found.subarray(0, MOST));
    found[count] = NONE;
    this.#from = at;
    this.#until = count < MOST ? until : (found[MOST - 1] ?? 0) + 1;
    this.#index = 0;
  }
}
