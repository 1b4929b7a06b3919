import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Trouble } from '../layer.js';
import { toIpProtocol } from './ip-protocol.js';

const HEADER_BYTES = 12;

/** IPsec's authentication header (RFC 4302), which hides nothing. */
export function decodeAuthentication(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  const length = cursor.end - at < 2 ? HEADER_BYTES : (uint8(bytes, at + 1) + 2) << 2;
  if (cursor.end - at < length) {
    cursor.stop(Trouble.Cut);
    return;
  }
  if (length < HEADER_BYTES) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  cursor.at = at + length;
  cursor.protocol = uint8(bytes, at);
  toIpProtocol(cursor, cursor.protocol);
}
