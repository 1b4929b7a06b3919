import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

const HEADER_BYTES = 8;
/** Bits of the fields that are present (radiotap.org), in the highest or lowest byte of their word. */
const MORE_WORDS = 0x80;
const TIMER = 0x01;
const FLAGS = 0x02;
/** Bits of the field of flags. */
const CHECK_SEQUENCE = 0x10;
const CHECK_SEQUENCE_BYTES = 4;

/** Radiotap, which is little-endian: its length, and whether a frame check sequence ends the packet. */
export function decodeRadiotap(cursor: PacketCursor): void {
  const { bytes, at, end } = cursor;
  if (end - at < HEADER_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  const length = uint8(bytes, at + 2) | (uint8(bytes, at + 3) << 8);
  if (length < HEADER_BYTES) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  if (end - at < length) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + length;
  cursor.layer = Layer.Ieee80211;
  if ((flagsOf(bytes, at, at + length) & CHECK_SEQUENCE) !== 0)
    cursor.limit(Math.max(cursor.at, cursor.wireEnd - CHECK_SEQUENCE_BYTES));
}

/** The field of flags; 0 where it is not there. */
function flagsOf(bytes: Buffer, at: number, end: number): number {
  const present = uint8(bytes, at + 4);
  if ((present & FLAGS) === 0) return 0;
  let word = at + 4;
  while ((uint8(bytes, word + 3) & MORE_WORDS) !== 0 && word + 8 <= end) word += 4;
  let flags = word + 4;
  if ((present & TIMER) !== 0) flags = at + ((flags - at + 7) & ~7) + 8;
  return flags < end ? uint8(bytes, flags) : 0;
}
