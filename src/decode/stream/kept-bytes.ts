import { SlotOrder } from '../memory/slot-order.js';

/** What splitters keep of their streams: how much altogether, and who for how long. */
export class KeptBytes {
  total = 0;
  /** Of each stream. */
  readonly #bytes: Float64Array;
  /** Streams that keep any, the one that has for longest first. */
  readonly #order: SlotOrder;

  constructor(streams: number) {
    this.#bytes = new Float64Array(streams);
    this.#order = new SlotOrder(streams);
  }

  /** -1 where nobody keeps any. */
  get oldest(): number {
    return this.#order.oldest;
  }

  set(stream: number, bytes: number): void {
    const before = this.#bytes[stream] ?? 0;
    if (bytes === before) return;
    this.total += bytes - before;
    this.#bytes[stream] = bytes;
    if (bytes === 0) this.#order.remove(stream);
    else if (before === 0) this.#order.append(stream);
  }
}
