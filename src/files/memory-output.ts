import type { ByteOutput } from './byte-output.js';

const FIRST_PAGE_BYTES = 64 * 1024;
const LARGEST_PAGE_BYTES = 1024 * 1024;

/** Keeps what is written in memory: as much as is written, and less than a page more. The writer bounds it. */
export class MemoryOutput implements ByteOutput {
  readonly #full: Buffer[] = [];
  #page = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What was written, in order. The memory is the output's. */
  get chunks(): readonly Buffer[] {
    return this.#used === 0 ? this.#full : [...this.#full, this.#page.subarray(0, this.#used)];
  }

  write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === this.#page.length) this.#turnPage();
      const copied = bytes.copy(this.#page, this.#used, at);
      this.#used += copied;
      at += copied;
    }
    this.#bytes += bytes.length;
    return Promise.resolve();
  }

  onReaderLeft(): void {
    // Nobody reads before it is complete.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #turnPage(): void {
    if (this.#used > 0) this.#full.push(this.#page);
    const next = Math.max(FIRST_PAGE_BYTES, this.#page.length * 2);
    this.#page = Buffer.allocUnsafeSlow(Math.min(next, LARGEST_PAGE_BYTES));
    this.#used = 0;
  }
}
