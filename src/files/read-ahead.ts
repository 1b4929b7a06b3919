import { addon } from '../addon/addon.js';
import type { ByteInput } from './byte-input.js';

const READ_BYTES = 1024 * 1024;
/** Buffers of which nobody reads anything, kept for the next time. */
const MOST_SPARE = 2;

/**
 * The bytes of an input that wait to be decoded. More can be read while some that were taken are still in use, and while
 * producers have not sent what they borrowed of them.
 */
export class ReadAhead {
  readonly #input: ByteInput;
  #current = addon.lendableBuffer(READ_BYTES);
  /** Those before, of which producers may still read. */
  #others: Buffer[] = [];
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
    const stays = !inUse && room <= this.#current.length && !addon.isLent(this.#current);
    const target = stays ? this.#current : this.#other(room);
    if (target !== this.#current || this.#from > 0) rest.copy(target);
    if (target !== this.#current) this.#others.push(this.#current);
    this.#current = target;
    this.#from = 0;
    this.#filled = rest.length;
    this.#reading = this.#input.read(target, rest.length);
    // Its failure is told when its turn comes.
    this.#reading.catch(() => undefined);
  }

  /** Waits for what is being read; false at the input's end. */
  async hasMore(): Promise<boolean> {
    const bytesRead = (await this.#reading) ?? 0;
    this.#filled += bytesRead;
    return bytesRead > 0;
  }

  /** A buffer that nobody reads any more; what was taken before the last time is not in use. */
  #other(bytes: number): Buffer {
    const lent = this.#others.filter((buffer) => addon.isLent(buffer));
    const [free, ...spare] = this.#others.filter(
      (buffer) => buffer.length >= bytes && !lent.includes(buffer),
    );
    this.#others = [...lent, ...spare.slice(0, MOST_SPARE)];
    return free ?? addon.lendableBuffer(Math.max(bytes, READ_BYTES));
  }
}
