import { firstPackets, frameBytes, type PacketBatch } from '../packet/packet-batch.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Lets a number of packets pass, exactly, and gives the others back. */
export class Limit implements Stage {
  #left: number;
  #returned = 0;
  #returnedBytes = 0;

  constructor(packets: number) {
    this.#left = packets;
  }

  get finished(): boolean {
    return this.#left === 0;
  }

  apply(batch: PacketBatch): PacketBatch {
    const passed = firstPackets(batch, this.#left);
    this.#left -= passed.count;
    this.#returned += batch.count - passed.count;
    this.#returnedBytes += frameBytes(batch) - frameBytes(passed);
    return passed;
  }

  counters(): StageCounters {
    return { filtered: 0, returned: this.#returned, returnedBytes: this.#returnedBytes };
  }
}
