const NONE = -1;

/**
 * Pages of equal size in one piece of memory, which is as large as it will ever be; the system gives it bytes only as
 * pages are used, and the page given back last is used first.
 */
export class PagePool {
  readonly bytes: Buffer;
  readonly pages: number;
  readonly #free: Int32Array;
  #freed = 0;
  #used = 0;

  constructor(pages: number, pageBytes: number) {
    this.pages = pages;
    this.bytes = Buffer.allocUnsafeSlow(pages * pageBytes);
    this.#free = new Int32Array(pages);
  }

  /** How many more pages can be taken. */
  get free(): number {
    return this.pages - this.#used + this.#freed;
  }

  /** The number of a page; -1 where all are in use. */
  take(): number {
    if (this.#freed > 0) return this.#free[--this.#freed] ?? NONE;
    return this.#used < this.pages ? this.#used++ : NONE;
  }

  release(page: number): void {
    this.#free[this.#freed++] = page;
  }
}
