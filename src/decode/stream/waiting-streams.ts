import { SlotOrder } from '../memory/slot-order.js';

/** How long a hole's bytes are waited for, by the packets' time: a sender has sent them five times by then. */
const PATIENCE_MICROSECONDS = 5_000_000;

/** Streams that hold segments and wait for what belongs before them, the one that has for longest first. */
export class WaitingStreams {
  readonly #order: SlotOrder;
  /** In microseconds since 1970. */
  readonly #since: Float64Array;

  constructor(streams: number) {
    this.#order = new SlotOrder(streams);
    this.#since = new Float64Array(streams);
  }

  /** -1 where none waits. */
  get oldest(): number {
    return this.#order.oldest;
  }

  has(stream: number): boolean {
    return this.#order.has(stream);
  }

  /** It waits from now on. */
  add(stream: number, now: number): void {
    this.#since[stream] = now;
    this.#order.append(stream);
  }

  remove(stream: number): void {
    this.#order.remove(stream);
  }

  isOverdue(stream: number, now: number): boolean {
    // Time may also have gone backwards, as from one file to the next.
    const waited = Math.abs(now - (this.#since[stream] ?? 0));
    return this.has(stream) && waited > PATIENCE_MICROSECONDS;
  }
}
