import { uint16 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Trouble } from '../layer.js';
import { toTypeOrLength } from './ethernet.js';

const TAG_BYTES = 4;

/** An 802.1Q or 802.1ad tag. */
export function decodeVlan(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < TAG_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.vlanTag = uint16(bytes, at);
  cursor.at = at + TAG_BYTES;
  toTypeOrLength(cursor, uint16(bytes, at + 2));
}
