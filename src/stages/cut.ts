import type { PacketBatch } from '../packet/packet-batch.js';
import { cutFrames } from '../pcap/records.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Keeps the first bytes of each packet, as a snapshot length does in a capture. */
export class Cut implements Stage {
  readonly finished = false;
  readonly #snapLength: number;

  constructor(snapLength: number) {
    this.#snapLength = snapLength;
  }

  apply(batch: PacketBatch): PacketBatch {
    return { ...batch, bytes: cutFrames(batch.bytes, this.#snapLength) };
  }

  counters(): StageCounters {
    return { filtered: 0, returned: 0, returnedBytes: 0 };
  }
}
