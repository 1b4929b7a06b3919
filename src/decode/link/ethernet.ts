import { uint16 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { toEtherType } from './ethertype.js';

const HEADER_BYTES = 14;
/** What is no EtherType but the length of an 802.3 frame. */
export const LONGEST_LENGTH = 1500;

/** Ethernet II, and 802.3 with LLC. */
export function decodeEthernet(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < HEADER_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.macAt = at;
  cursor.at = at + HEADER_BYTES;
  toTypeOrLength(cursor, uint16(bytes, at + 12));
}

/** Goes to what follows a field that is an EtherType, or the length of what LLC begins. */
export function toTypeOrLength(cursor: PacketCursor, typeOrLength: number): void {
  if (typeOrLength > LONGEST_LENGTH) {
    toEtherType(cursor, typeOrLength);
    return;
  }
  cursor.etherType = typeOrLength;
  cursor.layer = Layer.Llc;
  cursor.limit(cursor.at + typeOrLength);
}
