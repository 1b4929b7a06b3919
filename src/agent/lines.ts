const LINE_END = 0x0a;

/** Cuts a stream of bytes into lines. */
export class Lines {
  readonly #mostBytes: number;
  #pending: Buffer[] = [];
  #bytes = 0;

  /** @param mostBytes of a line, its end not included */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The lines that are complete with this chunk, without their ends; throws a LineTooLong. */
  *take(chunk: Buffer): Generator<Buffer> {
    let begin = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_END, begin);
      const part = chunk.subarray(begin, end < 0 ? chunk.length : end);
      this.#bytes += part.length;
      if (this.#bytes > this.#mostBytes) throw new LineTooLong();
      this.#pending.push(part);
      if (end < 0) return;
      const line = this.#pending.length === 1 ? part : Buffer.concat(this.#pending);
      this.#pending = [];
      this.#bytes = 0;
      yield line;
      begin = end + 1;
    }
  }

  /** What has come of a line without an end. */
  rest(): Buffer {
    return Buffer.concat(this.#pending);
  }
}

export class LineTooLong extends Error {}
