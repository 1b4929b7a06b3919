import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';

/** Address and control field of HDLC-like framing (RFC 1662), if they are not left out. */
const ALL_STATIONS = 0xff03;

/** PPP: leaves its protocol number in `etherType`. */
export function decodePpp(cursor: PacketCursor): void {
  const { bytes, end } = cursor;
  let { at } = cursor;
  if (end - at >= 2 && uint16(bytes, at) === ALL_STATIONS) at += 2;
  if (end - at < 1) {
    cursor.stop(Trouble.Cut);
    return;
  }
  // A protocol field of one byte is odd, the first of two is even.
  const isShort = (uint8(bytes, at) & 1) === 1;
  if (!isShort && end - at < 2) {
    cursor.stop(Trouble.Cut);
    return;
  }
  const protocol = isShort ? uint8(bytes, at) : uint16(bytes, at);
  cursor.at = at + (isShort ? 1 : 2);
  cursor.etherType = protocol;
  cursor.layer = layerOfPpp(protocol);
}

/** PPP behind a byte that tells the direction (LINKTYPE_PPP_PPPD). */
export function decodePppDirection(cursor: PacketCursor): void {
  if (cursor.end - cursor.at < 1) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at++;
  cursor.layer = Layer.Ppp;
}

function layerOfPpp(protocol: number): Layer {
  switch (protocol) {
    case 0x0021:
    case 0x0800: // a habit of some
      return Layer.Ipv4;
    case 0x0057:
    case 0x86dd:
      return Layer.Ipv6;
    case 0x0281:
    case 0x0283: // multicast
      return Layer.Mpls;
    default:
      return Layer.Data;
  }
}
