import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { toIpProtocol } from './ip-protocol.js';

export const IPV4_BYTES = 20;

/** IPv4 (RFC 791). Of a fragment that is not the first one, `at` to `end` is a piece of what is not known here. */
export function decodeIpv4(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  cursor.transport = 0;
  if (cursor.end - at < IPV4_BYTES) {
    cursor.stop(cursor.wireEnd - at < IPV4_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  const first = uint8(bytes, at);
  const headerBytes = (first & 0x0f) << 2;
  const length = uint16(bytes, at + 2);
  // A length of 0 is that of a segment which the network card was still to cut into packets.
  const isMalformed = first >> 4 !== 4 || headerBytes < IPV4_BYTES;
  if (isMalformed || (length < headerBytes && length !== 0)) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  const fragment = uint16(bytes, at + 6);
  cursor.ipVersion = 4;
  cursor.ipAt = at;
  cursor.sourceAt = at + 12;
  cursor.destinationAt = at + 16;
  cursor.protocol = uint8(bytes, at + 9);
  cursor.fragmentOffset = (fragment & 0x1fff) << 3;
  cursor.hasMoreFragments = (fragment & 0x2000) !== 0;
  cursor.fragmentId = uint16(bytes, at + 4);
  cursor.fragmentAt = at + headerBytes;
  if (length !== 0) cursor.declare(at + length);
  if (cursor.end - at < headerBytes) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + headerBytes;
  if (cursor.fragmentOffset > 0) cursor.layer = Layer.Data;
  else toIpProtocol(cursor, cursor.protocol);
}
