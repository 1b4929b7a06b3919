import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, TCP, Trouble } from '../layer.js';

export const TCP_BYTES = 20;

/** TCP (RFC 9293). Its options are between `transportAt + TCP_BYTES` and the payload. */
export function decodeTcp(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < TCP_BYTES) {
    cursor.stop(cursor.wireEnd - at < TCP_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  cursor.transport = TCP;
  cursor.transportAt = at;
  cursor.sourcePort = uint16(bytes, at);
  cursor.destinationPort = uint16(bytes, at + 2);
  cursor.sequence = uint32(bytes, at + 4);
  cursor.acknowledgment = uint32(bytes, at + 8);
  cursor.tcpFlags = uint8(bytes, at + 13);
  const headerBytes = (uint8(bytes, at + 12) >> 4) << 2;
  if (headerBytes < TCP_BYTES || headerBytes > cursor.wireEnd - at) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  if (headerBytes > cursor.end - at) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + headerBytes;
  cursor.layer = Layer.Data;
}
