import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import type { FileSize } from '../pcap/file-size.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';

/** Lets packets pass until their file has a number of bytes, and does not take the others. */
export class SizeLimit implements Stage {
  readonly #size: FileSize;
  readonly #bytes: number;
  readonly #onReached: () => void;
  readonly #tally = new Tally();
  #finished = false;

  /**
   * @param size of the file that they go to
   * @param onReached called once the packet has passed with which the file has the bytes
   */
  constructor(size: FileSize, bytes: number, onReached: () => void) {
    this.#size = size;
    this.#bytes = bytes;
    this.#onReached = onReached;
  }

  get finished(): boolean {
    return this.#finished;
  }

  apply(batch: PacketBatch): PacketBatch {
    const passed = firstPackets(batch, this.#size.take(batch, this.#bytes));
    this.#tally.give(countOf(passed));
    if (this.#size.isFull(this.#bytes) && !this.#finished) {
      this.#finished = true;
      this.#onReached();
    }
    return passed;
  }

  account(): Account {
    return this.#tally.account();
  }
}
