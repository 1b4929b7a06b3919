import { LinkFilters } from '../capture/link-filters.js';
import type { Microseconds } from '../packet/timestamp.js';
import type { Stage } from '../pipeline/contracts.js';
import { Filter } from '../stages/filter.js';
import { Limit } from '../stages/limit.js';
import { TimeRange } from '../stages/time-range.js';

/** The stage that applies a pcap-filter expression, where no kernel does; empty for all packets. */
export function filterStages({ filter }: { readonly filter: string }): Stage[] {
  return filter === '' ? [] : [new Filter(new LinkFilters(filter))];
}

/** The stage that ends a run after so many packets; 0 for no limit. */
export function limitStages({ maxPackets }: { readonly maxPackets: number }): Stage[] {
  return maxPackets === 0 ? [] : [new Limit(maxPackets)];
}

/** The stage that keeps a range of time, if there is one. */
export function timeStages({
  from,
  to,
}: {
  readonly from: Microseconds | undefined;
  readonly to: Microseconds | undefined;
}): Stage[] {
  return from === undefined && to === undefined ? [] : [new TimeRange(from, to)];
}
