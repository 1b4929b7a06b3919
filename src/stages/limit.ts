import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';

/** Lets a number of packets pass, exactly, and does not take the others. */
export class Limit implements Stage {
  readonly #tally = new Tally();
  readonly #onReached: () => void;
  #left: number;

  /** @param onReached called once the last packet has passed */
  constructor(packets: number, onReached: () => void = () => undefined) {
    this.#left = packets;
    this.#onReached = onReached;
  }

  get finished(): boolean {
    return this.#left === 0;
  }

  apply(batch: PacketBatch): PacketBatch {
    const passed = firstPackets(batch, this.#left);
    this.#left -= passed.count;
    this.#tally.give(countOf(passed));
    if (this.finished && passed.count > 0) this.#onReached();
    return passed;
  }

  account(): Account {
    return this.#tally.account();
  }
}
