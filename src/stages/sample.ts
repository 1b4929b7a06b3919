import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';
import { countFiltered } from './filtered.js';
import { keepRecords } from './kept-records.js';

/** Keeps the first of every so many packets. */
export class Sample implements Stage {
  readonly finished = false;
  readonly #oneOf: number;
  readonly #tally = new Tally();
  /** Packets that are left out before the next one is kept. */
  #leftOut = 0;

  constructor(oneOf: number) {
    this.#oneOf = oneOf;
  }

  apply(batch: PacketBatch): PacketBatch {
    const passed = keepRecords(batch, () => {
      const isWanted = this.#leftOut === 0;
      this.#leftOut = isWanted ? this.#oneOf - 1 : this.#leftOut - 1;
      return isWanted;
    });
    countFiltered(this.#tally, countOf(batch), countOf(passed));
    return passed;
  }

  account(): Account {
    return this.#tally.account();
  }
}
