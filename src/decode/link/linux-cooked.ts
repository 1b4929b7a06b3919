import { uint16 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { LONGEST_LENGTH } from './ethernet.js';
import { toEtherType } from './ethertype.js';

const COOKED_BYTES = 16;
const COOKED2_BYTES = 20;
/** ARPHRD_IEEE80211_RADIOTAP. */
const RADIOTAP_HARDWARE = 803;
/** LINUX_SLL_P_802_2. */
const PROTOCOL_802_2 = 4;

/** Linux cooked capture (LINKTYPE_LINUX_SLL), of `-i any` for example. */
export function decodeLinuxCooked(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < COOKED_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + COOKED_BYTES;
  toProtocol(cursor, uint16(bytes, at + 2), uint16(bytes, at + 14));
}

/** Its second version (LINKTYPE_LINUX_SLL2). */
export function decodeLinuxCooked2(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < COOKED2_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + COOKED2_BYTES;
  toProtocol(cursor, uint16(bytes, at + 8), uint16(bytes, at));
}

function toProtocol(cursor: PacketCursor, hardware: number, protocol: number): void {
  if (hardware === RADIOTAP_HARDWARE) {
    cursor.layer = Layer.Radiotap;
  } else if (protocol > LONGEST_LENGTH) {
    toEtherType(cursor, protocol);
  } else {
    cursor.etherType = protocol;
    cursor.layer = protocol === PROTOCOL_802_2 ? Layer.Llc : Layer.Data;
  }
}
