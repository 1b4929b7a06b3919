import { viewOf } from '../byte-view.js';
import { LF } from './ascii.js';

/** Where the first LF in [at, end) is; -1 where there is none. */
export function indexOfLineEnd(bytes: Buffer, at: number, end: number): number {
  return lineEndIn(viewOf(bytes), at, end);
}

/** The same, eight bytes at a time: most bytes of a message are looked at only to find where their line ends. */
export function lineEndIn(view: DataView, at: number, end: number): number {
  for (const last = end - 8; at <= last; at += 8) {
    const first = lineEnds(view.getInt32(at, true));
    const second = lineEnds(view.getInt32(at + 4, true));
    if ((first | second) === 0) continue;
    return first === 0 ? at + 4 + lowest(second) : at + lowest(first);
  }
  for (; at < end; at++) if (view.getUint8(at) === LF) return at;
  return -1;
}

/** The highest bit of the first byte that is an LF, and perhaps of some after it; 0 where none is. */
function lineEnds(word: number): number {
  const difference = word ^ 0x0a0a0a0a;
  return (difference - 0x01010101) & ~difference & 0x80808080;
}

function lowest(found: number): number {
  return (31 - Math.clz32(found & -found)) >> 3;
}
