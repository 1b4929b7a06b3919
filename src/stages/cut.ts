import { writable, type PacketBatch } from '../packet/packet-batch.js';
import { cutFrames } from '../pcap/records.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';

/** Keeps the first bytes of each packet, as a snapshot length does in a capture. */
export class Cut implements Stage {
  readonly finished = false;
  readonly #snapLength: number;
  readonly #tally = new Tally();
  #cut = 0;

  constructor(snapLength: number) {
    this.#snapLength = snapLength;
  }

  apply(batch: PacketBatch): PacketBatch {
    const own = writable(batch);
    const { bytes, cut } = cutFrames(own.bytes, this.#snapLength);
    this.#cut += cut;
    const passed = { ...own, bytes };
    this.#tally.give(countOf(passed));
    return passed;
  }

  account(): Account {
    return this.#tally.account({ cut: this.#cut });
  }
}
