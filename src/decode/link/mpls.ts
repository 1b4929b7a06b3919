import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

export const LABEL_BYTES = 4;
const LAST_OF_STACK = 1;

/** A whole stack of MPLS labels. They do not say what they carry; its first bits do where it is IP. */
export function decodeMpls(cursor: PacketCursor): void {
  const { bytes, end } = cursor;
  let { at } = cursor;
  for (let isLast = false; !isLast; at += LABEL_BYTES) {
    if (end - at < LABEL_BYTES) {
      cursor.stop(cursor.wireEnd > end ? Trouble.Cut : Trouble.Malformed);
      return;
    }
    isLast = (uint8(bytes, at + 2) & LAST_OF_STACK) !== 0;
  }
  cursor.at = at;
  const version = end > at ? uint8(bytes, at) >> 4 : 0;
  cursor.layer = version === 4 ? Layer.Ipv4 : version === 6 ? Layer.Ipv6 : Layer.Data;
}
