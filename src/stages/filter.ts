import type { LinkFilters } from '../capture/link-filters.js';
import { linkTypeName } from '../capture/link-type.js';
import { POSITION_BYTES, type PacketBatch } from '../packet/packet-batch.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Link types that are counted by name where the filter makes no sense for them: a stranger may use all that there are. */
const MAX_NAMED_LINK_TYPES = 10;

/**
 * Keeps the packets that match a capture filter, where no kernel does it: from files and topics. Packets of a link type
 * for which the expression makes no sense are counted.
 */
export class Filter implements Stage {
  readonly finished = false;
  readonly #filters: LinkFilters;
  readonly #unusable = new Map<string, number>();
  #filtered = 0;

  constructor(filters: LinkFilters) {
    this.#filters = filters;
  }

  prepare({ link }: PacketBatch): Promise<void> | undefined {
    return this.#filters.has(link.linkType) ? undefined : this.#filters.prepare(link.linkType);
  }

  apply(batch: PacketBatch): PacketBatch {
    const { bytes, origin } = batch;
    const filter = this.#filters.of(batch.link.linkType);
    const kept = filter?.keep(bytes, origin?.positions) ?? { byteLength: 0, count: 0 };
    if (filter) this.#filtered += batch.count - kept.count;
    else this.#countUnusable(batch);
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

  #countUnusable({ link, count }: PacketBatch): void {
    const named = `the filter makes no sense for link type ${linkTypeName(link.linkType)}`;
    const isNamed = this.#unusable.has(named) || this.#unusable.size < MAX_NAMED_LINK_TYPES;
    const cause = isNamed ? named : 'the filter makes no sense for further link types';
    this.#unusable.set(cause, (this.#unusable.get(cause) ?? 0) + count);
  }
}
