import { OFFSET_BEGINNING, OFFSET_STORED } from './batch-consumer.js';
import type { Watermarks } from './cluster.js';
import { usageError } from '../errors/user-error.js';
import type { Properties } from './properties.js';

/** Where reading begins in each partition, as kcat's -o says it. */
export type ReadStart =
  | { readonly kind: 'begin' | 'end' | 'stored' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** So many before the end. */
  | { readonly kind: 'last'; readonly count: number }
  /** The first message whose Kafka timestamp, in ms since 1970, is this or later. */
  | { readonly kind: 'time'; readonly timeMs: number }
  /** The same, and somewhat before, to find out whether packets lie there that are looked for. */
  | { readonly kind: 'before'; readonly timeMs: number };

/** How many messages of a partition are looked at before the time where its packets should begin. */
const LOOK_BACK = 1000;

export function parseReadStart(text: string): ReadStart {
  if (text === 'begin' || text === 'end' || text === 'stored') return { kind: text };
  const [, sign, digits] = /^(-|s@)?(\d{1,15})$/.exec(text) ?? [];
  if (digits === undefined)
    throw usageError(
      `-o ${text}`,
      'no such place to begin',
      'use begin, end, stored, an offset, -N for the last N of each partition, or s@MS for a time',
    );
  const number = Number(digits);
  if (sign === '-') return { kind: 'last', count: number };
  return sign === 's@' ? { kind: 'time', timeMs: number } : { kind: 'offset', offset: number };
}

/**
 * The offset to begin at in one partition, within those that it still holds.
 *
 * @param atTime what Kafka's time index says of this partition; undefined where nothing is as late
 */
export function startOffset(
  start: ReadStart,
  { low, high }: Watermarks,
  atTime: number | undefined,
): number {
  switch (start.kind) {
    case 'begin':
      return low;
    case 'end':
      return high;
    case 'stored':
      return OFFSET_STORED;
    case 'offset':
      return Math.min(Math.max(start.offset, low), high);
    case 'last':
      return Math.max(high - start.count, low);
    case 'time':
      return atTime ?? high;
    case 'before':
      return Math.max((atTime ?? high) - LOOK_BACK, low);
  }
}

/** Where a group begins of which nothing is committed (librdkafka's auto.offset.reset). */
export function uncommittedStart(properties: Properties, { high }: Watermarks): number {
  switch (properties.get('auto.offset.reset') ?? properties.get('topic.auto.offset.reset')) {
    case 'latest':
    case 'largest':
    case 'end':
      return high;
    case 'error':
      return OFFSET_STORED;
    default:
      return OFFSET_BEGINNING;
  }
}
