import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

export const VXLAN_BYTES = 8;
/** The identifier is valid. */
export const VALID = 0x08;

/** VXLAN (RFC 7348). What only has its port stays the datagram's Data. */
export function decodeVxlan(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < VXLAN_BYTES) {
    cursor.stop(cursor.wireEnd - at < VXLAN_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  if ((uint8(bytes, at) & VALID) === 0) {
    cursor.layer = Layer.Data;
    return;
  }
  cursor.at = at + VXLAN_BYTES;
  cursor.enterTunnel(Layer.Ethernet);
}
