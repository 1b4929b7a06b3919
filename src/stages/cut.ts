import type { PacketBatch } from '../packet/packet-batch.js';
import { cutFrames } from '../pcap/records.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Keeps the first bytes of each packet, as a snapshot length does in a capture. */
export class Cut implements Stage {
  readonly finished = false;
  readonly #snapLength: number;
  #cut = 0;

  constructor(snapLength: number) {
    this.#snapLength = snapLength;
  }

  apply(batch: PacketBatch): PacketBatch {
    const { bytes, cut } = cutFrames(batch.bytes, this.#snapLength);
    this.#cut += cut;
    return { ...batch, bytes };
  }

  counters(): StageCounters {
    return { filtered: 0, returned: 0, returnedBytes: 0, cut: this.#cut };
  }
}
