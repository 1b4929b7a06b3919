import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

/** Goes to IPv4 or IPv6, whichever the first bits say. */
export function decodeIp(cursor: PacketCursor): void {
  if (cursor.end === cursor.at) {
    cursor.stop(Trouble.Cut);
    return;
  }
  const version = uint8(cursor.bytes, cursor.at) >> 4;
  cursor.layer = version === 4 ? Layer.Ipv4 : version === 6 ? Layer.Ipv6 : Layer.Data;
}
