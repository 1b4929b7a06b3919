import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

export const GTP_BYTES = 8;
/** The optional fields: sequence number, N-PDU number, type of the first extension header. */
const OPTIONAL_BYTES = 4;
const OPTIONAL = 0x07;
const EXTENDED = 0x04;
/** Version 1, and GTP rather than GTP'. */
const VERSION_1 = 0x30;
const USER_DATA = 0xff;

/** GTP-U (3GPP TS 29.281): user data goes on with IP; other messages stay the datagram's Data. */
export function decodeGtp(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < GTP_BYTES) {
    cursor.stop(cursor.wireEnd - at < GTP_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  const flags = uint8(bytes, at);
  cursor.layer = Layer.Data;
  if ((flags & 0xf0) !== VERSION_1 || uint8(bytes, at + 1) !== USER_DATA) return;
  const payloadAt = payloadOf(bytes, at, cursor.end, flags);
  if (payloadAt > cursor.end) {
    cursor.stop(cursor.wireEnd > cursor.end ? Trouble.Cut : Trouble.Malformed);
    return;
  }
  cursor.limit(at + GTP_BYTES + uint16(bytes, at + 2));
  // Within less than its header there is nothing.
  if (payloadAt > cursor.end) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  cursor.at = payloadAt;
  cursor.enterTunnel(Layer.Ip);
}

/** Where what is carried begins; beyond `end` where the headers do not end before it. */
function payloadOf(bytes: Buffer, at: number, end: number, flags: number): number {
  if ((flags & OPTIONAL) === 0) return at + GTP_BYTES;
  let next = at + GTP_BYTES + OPTIONAL_BYTES;
  if ((flags & EXTENDED) === 0 || next > end) return next;
  // An extension header: its length in 4 bytes, its content, the type of the next one.
  let type = uint8(bytes, next - 1);
  while (type !== 0 && next < end) {
    const length = uint8(bytes, next) << 2;
    if (length === 0) return end + 1;
    next += length;
    type = next <= end ? uint8(bytes, next - 1) : 0;
  }
  return type === 0 ? next : end + 1;
}
