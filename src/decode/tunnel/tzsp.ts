import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

export const TZSP_BYTES = 4;
const VERSION = 1;
/** Types that carry a packet. */
const RECEIVED = 0;
const TO_TRANSMIT = 1;
/** Tags. */
const PADDING = 0;
const END = 1;

/** TaZmen Sniffer Protocol. What only has its port stays the datagram's Data. */
export function decodeTzsp(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < TZSP_BYTES) {
    cursor.stop(cursor.wireEnd - at < TZSP_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  const type = uint8(bytes, at + 1);
  const layer = layerOf(uint16(bytes, at + 2));
  const carries = type === RECEIVED || type === TO_TRANSMIT;
  if (uint8(bytes, at) !== VERSION || !carries || layer === Layer.Data) {
    cursor.layer = Layer.Data;
    return;
  }
  const payloadAt = afterTags(bytes, at + TZSP_BYTES, cursor.end);
  if (payloadAt > cursor.end) {
    cursor.stop(cursor.wireEnd > cursor.end ? Trouble.Cut : Trouble.Malformed);
    return;
  }
  cursor.at = payloadAt;
  cursor.enterTunnel(layer);
}

/** Where the tags are over; beyond `end` where they are not. */
function afterTags(bytes: Buffer, first: number, end: number): number {
  for (let at = first; at < end;) {
    const tag = uint8(bytes, at);
    if (tag === END) return at + 1;
    at += tag === PADDING ? 1 : 2 + uint8(bytes, at + 1);
  }
  return end + 1;
}

function layerOf(encapsulated: number): Layer {
  switch (encapsulated) {
    case 0x01:
      return Layer.Ethernet;
    case 0x12:
      return Layer.Ieee80211;
    default:
      return Layer.Data;
  }
}
