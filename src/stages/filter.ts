import type { NativeFilter } from '../addon.js';
import type { CaptureFilters } from '../capture/capture-filter.js';
import { linkTypeName } from '../capture/link-type.js';
import { POSITION_BYTES, type PacketBatch } from '../packet/packet-batch.js';
import { UserError } from '../errors/user-error.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/**
 * Keeps the packets that match a capture filter, where no kernel does it: from files and topics. Packets of a link type
 * for which the expression makes no sense are counted.
 */
export class Filter implements Stage {
  readonly finished = false;
  readonly #filters: CaptureFilters;
  readonly #unusable = new Map<string, number>();
  #filtered = 0;

  constructor(filters: CaptureFilters) {
    this.#filters = filters;
  }

  apply(batch: PacketBatch): PacketBatch {
    const { bytes, origin } = batch;
    const filter = this.#filterFor(batch);
    const kept = filter?.keep(bytes, origin?.positions) ?? { byteLength: 0, count: 0 };
    if (filter) this.#filtered += batch.count - kept.count;
    const passed = { ...batch, bytes: bytes.subarray(0, kept.byteLength), count: kept.count };
    if (!origin) return passed;
    // What was filtered out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, kept.count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  counters(): StageCounters {
    return {
      filtered: this.#filtered,
      returned: 0,
      returnedBytes: 0,
      unusable: Object.fromEntries(this.#unusable),
    };
  }

  #filterFor({ link, count }: PacketBatch): NativeFilter | undefined {
    try {
      return this.#filters.of(link.linkType);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const cause = `the filter makes no sense for link type ${linkTypeName(link.linkType)}`;
      this.#unusable.set(cause, (this.#unusable.get(cause) ?? 0) + count);
      return undefined;
    }
  }
}
