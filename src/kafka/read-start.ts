import { OFFSET_STORED } from './batch-consumer.js';
import type { Watermarks } from './cluster.js';
import { usageError } from '../errors/user-error.js';

/** Where reading begins in each partition, as kcat's -o says it. */
export type ReadStart =
  | { readonly kind: 'begin' | 'end' | 'stored' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** So many before the end. */
  | { readonly kind: 'last'; readonly count: number }
  /** The first message whose Kafka timestamp, in ms since 1970, is this or later. */
  | { readonly kind: 'time'; readonly timeMs: number };

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
 * The offset to begin at in one partition, within what there is of it.
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
  }
}
