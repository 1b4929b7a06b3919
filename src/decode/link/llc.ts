import { uint16, uint24, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { toEtherType } from './ethertype.js';

const LLC_BYTES = 3;
const SNAP_BYTES = 8;
const SNAP = 0xaaaa;
const UNNUMBERED = 0x03;
/** Organizations whose protocol numbers are EtherTypes: of Ethernet, and of bridged Ethernet. */
const ETHERNET_OUIS = [0x000000, 0x0000f8];

/** 802.2: only SNAP with an EtherType goes on; anything else is Data, from the LLC header on. */
export function decodeLlc(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  const length = cursor.end - at;
  if (length < LLC_BYTES) {
    cursor.stop(cursor.wireEnd - at < LLC_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  cursor.layer = Layer.Data;
  if (uint16(bytes, at) !== SNAP || uint8(bytes, at + 2) !== UNNUMBERED) return;
  if (length < SNAP_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  if (!ETHERNET_OUIS.includes(uint24(bytes, at + 3))) return;
  cursor.at = at + SNAP_BYTES;
  toEtherType(cursor, uint16(bytes, at + 6));
}
