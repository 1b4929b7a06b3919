import type { LinkFilters } from '../capture/link-filters.js';
import { linkTypeName } from '../capture/link-type.js';
import { POSITION_BYTES, writable, type PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';
import { countFiltered } from './filtered.js';

/** Link types that are counted by name where the filter makes no sense for them: a stranger may use all that there are. */
const MAX_NAMED_LINK_TYPES = 10;

/**
 * Keeps the packets that match a capture filter, where no kernel does it: from files, topics and listeners. Packets of a
 * link type for which the expression makes no sense are counted.
 */
export class Filter implements Stage {
  readonly finished = false;
  #filters: LinkFilters | undefined;
  /** What holds from the next batch on. */
  #next: LinkFilters | undefined;
  readonly #tally = new Tally();
  /** Those that were counted by name. */
  readonly #senseless = new Set<number>();

  /** @param filters undefined for all packets */
  constructor(filters: LinkFilters | undefined) {
    this.#filters = this.#next = filters;
  }

  /** Keeps what these let pass, from the next batch on; undefined for all packets. */
  replace(filters: LinkFilters | undefined): void {
    this.#next = filters;
  }

  prepare({ link }: PacketBatch): Promise<void> | undefined {
    const filters = (this.#filters = this.#next);
    return !filters || filters.has(link.linkType) ? undefined : filters.prepare(link.linkType);
  }

  apply(given: PacketBatch): PacketBatch {
    if (!this.#filters) {
      this.#tally.give(countOf(given));
      return given;
    }
    const filter = this.#filters.of(given.link.linkType);
    const batch = filter ? writable(given) : given;
    const { bytes, origin } = batch;
    const taken = countOf(batch);
    const kept = filter?.keep(bytes, origin?.positions) ?? { byteLength: 0, count: 0 };
    const passed = { ...batch, bytes: bytes.subarray(0, kept.byteLength), count: kept.count };
    if (filter) {
      countFiltered(this.#tally, taken, countOf(passed));
    } else {
      this.#tally.take(taken);
      this.#tally.settle(this.#noSenseFor(batch.link.linkType), taken);
    }
    if (!origin) return passed;
    // What was filtered out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, kept.count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  account(): Account {
    return this.#tally.account();
  }

  #noSenseFor(linkType: number): Cause {
    if (this.#senseless.size < MAX_NAMED_LINK_TYPES) this.#senseless.add(linkType);
    const isNamed = this.#senseless.has(linkType);
    const which = isNamed ? `link type ${linkTypeName(linkType)}` : 'further link types';
    return {
      id: `filter-not-for-${isNamed ? `link-type-${linkType}` : 'further-link-types'}`,
      fate: 'skipped',
      loss: true,
      text: `the filter makes no sense for ${which}`,
    };
  }
}
