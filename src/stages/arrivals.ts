import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';

/** Lets everything pass and notes when the last packet came. */
export class Arrivals implements Stage {
  readonly finished = false;
  readonly #tally = new Tally();
  #lastMs = performance.now();

  /** When the last packet came, or this was made, as performance.now() gives it. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Packets have come by another way. */
  note(): void {
    this.#lastMs = performance.now();
  }

  apply(batch: PacketBatch): PacketBatch {
    if (batch.count > 0) this.note();
    this.#tally.give(countOf(batch));
    return batch;
  }

  account(): Account {
    return this.#tally.account();
  }
}
