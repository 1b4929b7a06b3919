import type { CaptureFilters } from '../capture/capture-filter.js';
import { POSITION_BYTES, type PacketBatch } from '../packet/packet-batch.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Keeps the packets that match a capture filter, where no kernel does it: from files and topics. */
export class Filter implements Stage {
  readonly finished = false;
  readonly #filters: CaptureFilters;
  #filtered = 0;

  constructor(filters: CaptureFilters) {
    this.#filters = filters;
  }

  apply(batch: PacketBatch): PacketBatch {
    const { bytes, origin } = batch;
    const kept = this.#filters.of(batch.link.linkType).keep(bytes, origin?.positions);
    this.#filtered += batch.count - kept.count;
    const passed = { ...batch, bytes: bytes.subarray(0, kept.byteLength), count: kept.count };
    if (!origin) return passed;
    // What was filtered out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, kept.count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  counters(): StageCounters {
    return { filtered: this.#filtered, returned: 0, returnedBytes: 0 };
  }
}
