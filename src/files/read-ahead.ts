import type { ByteInput } from './byte-input.js';

const READ_BYTES = 1024 * 1024;

/** The bytes of an input that wait to be decoded. More can be read while some that were taken are still in use. */
export class ReadAhead {
  readonly #input: ByteInput;
  #current = Buffer.allocUnsafe(READ_BYTES);
  #other = Buffer.allocUnsafe(READ_BYTES);
  #from = 0;
  #filled = 0;
  #reading: Promise<number> | undefined;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  /** What has been read and not taken. */
  get bytes(): Buffer {
    return this.#current.subarray(this.#from, this.#filled);
  }

  take(byteLength: number): void {
    this.#from += byteLength;
  }

  /**
   * Begins to read on.
   *
   * @param wanted bytes that are needed, those that wait included: more than these
   * @param inUse leave alone what was taken since the last time
   */
  readOn(wanted: number, inUse: boolean): void {
    const rest = this.bytes;
    // Grows no faster than the input gives bytes, whatever a damaged file says is needed.
    const room = Math.min(wanted, 2 * rest.length);
    const target = inUse ? this.#other : this.#current;
    const fitting = room > target.length ? Buffer.allocUnsafe(room) : target;
    if (fitting !== this.#current || this.#from > 0) rest.copy(fitting);
    if (inUse) this.#other = this.#current;
    this.#current = fitting;
    this.#from = 0;
    this.#filled = rest.length;
    this.#reading = this.#input.read(fitting, rest.length);
    // Its failure is told when its turn comes.
    this.#reading.catch(() => undefined);
  }

  /** Waits for what is being read; false at the input's end. */
  async hasMore(): Promise<boolean> {
    const bytesRead = (await this.#reading) ?? 0;
    this.#filled += bytesRead;
    return bytesRead > 0;
  }
}
