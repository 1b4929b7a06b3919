import { viewOf } from '../byte-view.js';
import { LF } from './ascii.js';

/** Where the first LF in [at, end) is; -1 where there is none. */
export function indexOfLineEnd(bytes: Buffer, at: number, end: number): number {
  return lineEndIn(viewOf(bytes), at, end);
}

/** The same, four bytes at a time: most bytes of a message are looked at only to find where their line ends. */
export function lineEndIn(view: DataView, at: number, end: number): number {
  for (const last = end - 4; at <= last; at += 4) {
    const difference = view.getInt32(at, true) ^ 0x0a0a0a0a;
    // The lowest bit that is set is the highest one of the first byte that is an LF.
    const found = (difference - 0x01010101) & ~difference & 0x80808080;
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  for (; at < end; at++) if (view.getUint8(at) === LF) return at;
  return -1;
}
