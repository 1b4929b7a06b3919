import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

const HEADER_BYTES = 24;
const DATA_FRAME = 0x08;
const CARRIES_NOTHING = 0x40;
const QUALITY_OF_SERVICE = 0x80;
/** Flags in the second byte. */
const BOTH_DS = 0x03;
const PROTECTED = 0x40;
const HIGH_THROUGHPUT_CONTROL = 0x80;

/** 802.11: data frames that are not encrypted go on with LLC; others are Data from their header on. */
export function decodeIeee80211(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < 2) {
    cursor.stop(Trouble.Cut);
    return;
  }
  const type = uint8(bytes, at);
  const flags = uint8(bytes, at + 1);
  cursor.layer = Layer.Data;
  const isData = (type & 0x0f) === DATA_FRAME && (type & CARRIES_NOTHING) === 0;
  if (!isData || (flags & PROTECTED) !== 0) return;
  const length = headerBytes(type, flags);
  if (cursor.end - at < length) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + length;
  cursor.layer = Layer.Llc;
}

function headerBytes(type: number, flags: number): number {
  const fourAddresses = (flags & BOTH_DS) === BOTH_DS ? 6 : 0;
  if ((type & QUALITY_OF_SERVICE) === 0) return HEADER_BYTES + fourAddresses;
  return HEADER_BYTES + fourAddresses + ((flags & HIGH_THROUGHPUT_CONTROL) === 0 ? 2 : 6);
}
