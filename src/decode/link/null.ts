import { uint32, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

const HEADER_BYTES = 4;

/** BSD loopback (LINKTYPE_NULL, LINKTYPE_LOOP): an address family, in the byte order of the machine that captured. */
export function decodeNull(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < HEADER_BYTES) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = at + HEADER_BYTES;
  cursor.layer = layerOfFamily(addressFamily(bytes, at));
}

/** Families are small numbers: where the upper bytes are used, they are the lower ones. */
export function addressFamily(bytes: Buffer, at: number): number {
  const family = uint32(bytes, at);
  return family > 0xffff ? swapped(bytes, at) : family;
}

function swapped(bytes: Buffer, at: number): number {
  const high = (uint8(bytes, at + 3) << 8) | uint8(bytes, at + 2);
  return ((high << 16) | (uint8(bytes, at + 1) << 8) | uint8(bytes, at)) >>> 0;
}

function layerOfFamily(family: number): Layer {
  switch (family) {
    case 2:
      return Layer.Ipv4;
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return Layer.Ipv6;
    default:
      return Layer.Data;
  }
}
