import { uint16 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, SCTP, Trouble } from '../layer.js';

export const SCTP_BYTES = 12;

/** SCTP (RFC 9260): its common header; the payload is its chunks. */
export function decodeSctp(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < SCTP_BYTES) {
    cursor.stop(cursor.wireEnd - at < SCTP_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  cursor.transport = SCTP;
  cursor.transportAt = at;
  cursor.sourcePort = uint16(bytes, at);
  cursor.destinationPort = uint16(bytes, at + 2);
  cursor.at = at + SCTP_BYTES;
  cursor.layer = Layer.Data;
}
