import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

const II_BYTES = 8;
const III_BYTES = 12;
/** Of type III, where its last byte says that it is there. */
const PLATFORM_BYTES = 8;

/** ERSPAN (draft-foschiano-erspan) within GRE: mirrored Ethernet frames. Type I has no header of its own. */
export function decodeErspanI(cursor: PacketCursor): void {
  cursor.layer = Layer.Ethernet;
}

export function decodeErspanII(cursor: PacketCursor): void {
  skip(cursor, II_BYTES);
}

export function decodeErspanIII(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  const hasPlatform = cursor.end - at >= III_BYTES && (uint8(bytes, at + 11) & 1) !== 0;
  skip(cursor, hasPlatform ? III_BYTES + PLATFORM_BYTES : III_BYTES);
}

function skip(cursor: PacketCursor, length: number): void {
  if (cursor.end - cursor.at < length) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at += length;
  cursor.layer = Layer.Ethernet;
}
