import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';

/** Lets a number of packets pass, exactly, and does not take the others. */
export class Limit implements Stage {
  readonly #tally = new Tally();
  #left: number;

  constructor(packets: number) {
    this.#left = packets;
  }

  get finished(): boolean {
    return this.#left === 0;
  }

  apply(batch: PacketBatch): PacketBatch {
    const passed = firstPackets(batch, this.#left);
    this.#left -= passed.count;
    this.#tally.give(countOf(passed));
    return passed;
  }

  account(): Account {
    return this.#tally.account();
  }
}
