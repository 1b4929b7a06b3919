import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

export const PPPOE_BYTES = 6;
const SESSION = 0;

/** PPPoE (RFC 2516), session and discovery: the packets of discovery are Data from their tags on. */
export function decodePppoe(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < PPPOE_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + PPPOE_BYTES;
  cursor.limit(cursor.at + uint16(bytes, at + 4));
  cursor.layer = uint8(bytes, at + 1) === SESSION ? Layer.Ppp : Layer.Data;
}
