import type { ByteRange } from '../byte-range.js';
import { viewOf } from '../byte-view.js';
import { CR, isBlank, LF } from './ascii.js';
import { isNamed, setTrimmed } from './header-line.js';
import { CALL_ID, CSEQ, FROM, headerAt, NAME_BYTES, OTHER, TO } from './header-name.js';
import { lineEndIn } from './line-end.js';
import type { LineEnds } from './line-ends.js';

/** What came of a search. Numbers and no enum, as in header-name.ts. */
export const NONE = 0;
export const ONE = 1;
export const SEVERAL = 2;
/** Something is unusual: only reading all headers says what it is. */
export const UNCLEAR = 3;

/** Headers that can be searched for, and the letters that their names begin with, long and short. */
export type Searched = typeof FROM | typeof TO | typeof CALL_ID | typeof CSEQ;
const LONG: Readonly<Record<Searched, number>> = {
  [FROM]: 'f'.charCodeAt(0),
  [TO]: 't'.charCodeAt(0),
  [CALL_ID]: 'c'.charCodeAt(0),
  [CSEQ]: 'c'.charCodeAt(0),
};
const SHORT: Readonly<Record<Searched, number>> = { ...LONG, [CALL_ID]: 'i'.charCodeAt(0) };

interface Unread {
  readonly bytes: Buffer;
  readonly headersStart: number;
  readonly end: number;
}

/**
 * Looks for one header, in a fraction of the time that reading all of them takes: of the others, only where their lines end
 * counts. Sets `value` to the first one's.
 *
 * @param most of several: after as many it stops
 */
export function searchHeader(
  { bytes, headersStart, end }: Unread,
  header: Searched,
  most: typeof ONE | typeof SEVERAL,
  value: ByteRange,
  lines: LineEnds,
): number {
  const view = viewOf(bytes);
  const lastName = bytes.length - NAME_BYTES;
  const [long, short] = [LONG[header], SHORT[header]];
  const ends = lines.found;
  let index = lines.indexAt(bytes, headersStart, end);
  let count = NONE;
  value.clear();
  for (let at = headersStart; at < end;) {
    const lf = index === -1 ? lineEndIn(view, at, end) : (ends[index++] ?? end);
    if (lf === -1 || lf >= end) return UNCLEAR;
    const byte = bytes[at] ?? 0;
    if (byte === LF || byte === CR) return lf - at < 2 ? count : UNCLEAR;
    const letter = byte | 0x20;
    if (letter === long || letter === short) {
      if (at > lastName) return UNCLEAR;
      const known = headerAt(view, at);
      if (known >> 4 === header) {
        if (lf + 1 < end && isBlank(bytes[lf + 1])) return UNCLEAR;
        if (++count === ONE) setTrimmed(value, bytes, at + (known & 15) + 1, lf);
        if (count === most) return count;
      } else if (known === OTHER && !isNamed(bytes, view, at, lf)) return UNCLEAR;
    }
    at = lf + 1;
  }
  return count;
}
