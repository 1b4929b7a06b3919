import type { NativeFilter } from '../addon.js';
import type { CaptureFilters } from '../capture/capture-filter.js';
import { linkTypeName } from '../capture/link-type.js';
import { POSITION_BYTES, writable, type PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { UserError } from '../errors/user-error.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';
import { countFiltered } from './filtered.js';

/**
 * Keeps the packets that match a capture filter, where no kernel does it: from files and topics. Packets of a link type
 * for which the expression makes no sense are counted.
 */
export class Filter implements Stage {
  readonly finished = false;
  readonly #filters: CaptureFilters;
  readonly #tally = new Tally();

  constructor(filters: CaptureFilters) {
    this.#filters = filters;
  }

  apply(given: PacketBatch): PacketBatch {
    const filter = this.#filterFor(given);
    const batch = filter ? writable(given) : given;
    const { bytes, origin } = batch;
    const kept = filter?.keep(bytes, origin?.positions) ?? { byteLength: 0, count: 0 };
    const taken = countOf(given);
    const passed = { ...batch, bytes: bytes.subarray(0, kept.byteLength), count: kept.count };
    if (filter) countFiltered(this.#tally, taken, countOf(passed));
    if (!origin) return passed;
    // What was filtered out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, kept.count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  account(): Account {
    return this.#tally.account();
  }

  #filterFor(batch: PacketBatch): NativeFilter | undefined {
    try {
      return this.#filters.of(batch.link.linkType);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#tally.take(countOf(batch));
      this.#tally.settle(noSenseFor(batch.link.linkType), countOf(batch));
      return undefined;
    }
  }
}

function noSenseFor(linkType: number): Cause {
  const name = linkTypeName(linkType);
  return {
    id: `filter-not-for-link-type-${linkType}`,
    fate: 'skipped',
    loss: true,
    text: `the filter makes no sense for link type ${name}`,
  };
}
