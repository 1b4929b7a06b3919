import type { PacketCursor } from '../cursor.js';
import { decodeToTransport } from '../decode-layer.js';
import type { Reassembler } from './reassembler.js';

/**
 * Decodes the packet as far as the transport within all its tunnels, of whole datagrams: a fragment that completes one
 * goes on with that, and any other one is kept by the reassembler. False where it is kept, or comes to nothing there,
 * which is where the cursor `isFragment`; and where there is no transport.
 */
export function decodeWhole(cursor: PacketCursor, reassembler: Reassembler): boolean {
  while (!decodeToTransport(cursor))
    if (!cursor.isFragment || !reassembler.add(cursor)) return false;
  return true;
}
