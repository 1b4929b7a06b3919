import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { layerOfEtherType } from '../link/ethertype.js';

export const GENEVE_BYTES = 8;
export const ETHERNET_BRIDGING = 0x6558;

/** Geneve (RFC 8926). What only has its port stays the datagram's Data. */
export function decodeGeneve(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < GENEVE_BYTES) {
    cursor.stop(cursor.wireEnd - at < GENEVE_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  const first = uint8(bytes, at);
  const protocol = uint16(bytes, at + 2);
  const layer = protocol === ETHERNET_BRIDGING ? Layer.Ethernet : layerOfEtherType(protocol);
  if (first >> 6 !== 0 || layer === Layer.Data) {
    cursor.layer = Layer.Data;
    return;
  }
  const payloadAt = at + GENEVE_BYTES + ((first & 0x3f) << 2);
  if (payloadAt > cursor.end) {
    cursor.stop(payloadAt > cursor.wireEnd ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  cursor.at = payloadAt;
  cursor.enterTunnel(layer);
}
