const NO_BYTES = Buffer.alloc(0);
const SMALLEST_BYTES = 2048;

/**
 * The bytes of a stream that have not been read, in one piece: they lie where they were pushed as long as possible, and
 * in memory of its own once what was pushed before has to be kept. That memory is bounded, and given back when it is
 * empty.
 */
export class StreamBuffer {
  bytes: Buffer = NO_BYTES;
  /** Unread: [at, end). The reader moves `at`. */
  at = 0;
  end = 0;

  readonly #limit: number;
  #own: Buffer = NO_BYTES;
  /** What was pushed and is not in `bytes` yet. */
  #pushed: Buffer = NO_BYTES;
  #pushedAt = 0;
  #pushedEnd = 0;

  /** @param limit how many unread bytes there may be in memory of its own */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.end - this.at;
  }

  /** Bytes of memory of its own, whether or not they are in use. */
  get ownBytes(): number {
    return this.#own.length;
  }

  /** Adds bytes, which must not change before `keep`. */
  push(bytes: Buffer, start: number, end: number): void {
    if (this.at === this.end) {
      this.#own = NO_BYTES;
      this.bytes = bytes;
      this.at = start;
      this.end = end;
      this.#pushedAt = this.#pushedEnd = 0;
      return;
    }
    this.#pushed = bytes;
    this.#pushedAt = start;
    this.#pushedEnd = end;
    this.more();
  }

  /** Lengthens what is unread by what is left of the pushed bytes, as far as there is room; false if it can't. */
  more(): boolean {
    const unread = this.end - this.at;
    const taken = Math.min(this.#pushedEnd - this.#pushedAt, this.#limit - unread);
    if (taken <= 0) return false;
    if (unread === 0) {
      this.push(this.#pushed, this.#pushedAt, this.#pushedEnd);
      return true;
    }
    this.#moveToOwn(unread + taken);
    this.#pushed.copy(this.#own, unread, this.#pushedAt, this.#pushedAt + taken);
    this.#pushedAt += taken;
    this.end = unread + taken;
    return true;
  }

  /** Keeps what is unread: the pushed bytes may change now. */
  keep(): void {
    this.#pushed = NO_BYTES;
    if (this.at === this.end) this.clear();
    else if (this.bytes !== this.#own || this.at > 0) this.#moveToOwn(this.end - this.at);
  }

  clear(): void {
    this.bytes = this.#own = this.#pushed = NO_BYTES;
    this.at = this.end = this.#pushedAt = this.#pushedEnd = 0;
  }

  /** Moves what is unread to the beginning of its own memory, and makes that large enough. */
  #moveToOwn(bytesNeeded: number): void {
    const { bytes, at, end } = this;
    if (this.#own.length < bytesNeeded) {
      let size = SMALLEST_BYTES;
      while (size < bytesNeeded) size *= 2;
      this.#own = Buffer.allocUnsafeSlow(size);
    }
    if (bytes !== this.#own || at > 0) bytes.copy(this.#own, 0, at, end);
    this.bytes = this.#own;
    this.at = 0;
    this.end = end - at;
  }
}
