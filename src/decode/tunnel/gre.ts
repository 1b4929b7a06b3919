import { uint16, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble } from '../layer.js';
import { layerOfEtherType } from '../link/ethertype.js';
import { Tunnel } from './tunnel.js';

/** Flags and version of the first 16 bits. */
export const CHECKSUM = 0x8000;
export const ROUTING = 0x4000;
export const KEY = 0x2000;
export const SEQUENCE = 0x1000;
export const ACKNOWLEDGMENT = 0x0080;
export const VERSION = 0x0007;

/**
 * GRE (RFC 2784, 2890), and its version 1, which carries PPP (RFC 2637). Leaves the protocol that it carries in
 * `etherType`.
 */
export function decodeGre(cursor: PacketCursor): void {
  const { bytes, at, end } = cursor;
  if (end - at < 4) {
    cursor.stop(Trouble.Cut);
    return;
  }
  const flags = uint16(bytes, at);
  const protocol = uint16(bytes, at + 2);
  const payloadAt = payloadOf(bytes, at, end, flags);
  cursor.etherType = protocol;
  if (payloadAt > end) {
    cursor.stop(Trouble.Cut);
    return;
  }
  cursor.at = payloadAt;
  const layer = carriedLayer(protocol, flags);
  const isEmpty = layer === Layer.Data || payloadAt === cursor.wireEnd;
  if (isEmpty || !cursor.follows(isErspan(layer) ? Tunnel.Erspan : Tunnel.Gre))
    cursor.layer = Layer.Data;
  else cursor.enterTunnel(layer);
}

/** Where what is carried begins; beyond `end` where the header does not end before it. */
function payloadOf(bytes: Buffer, at: number, end: number, flags: number): number {
  let next = at + 4;
  if ((flags & VERSION) === 0 && (flags & (CHECKSUM | ROUTING)) !== 0) next += 4;
  if ((flags & KEY) !== 0) next += 4;
  if ((flags & SEQUENCE) !== 0) next += 4;
  if ((flags & VERSION) === 1) return (flags & ACKNOWLEDGMENT) === 0 ? next : next + 4;
  return (flags & ROUTING) === 0 ? next : afterRoutes(bytes, next, end);
}

/** Source route entries: address family, offset, length; all 0 in the last one. */
function afterRoutes(bytes: Buffer, first: number, end: number): number {
  for (let at = first; at + 4 <= end;) {
    const length = uint8(bytes, at + 3);
    if (uint16(bytes, at) === 0 && length === 0) return at + 4;
    at += 4 + length;
  }
  return end + 1;
}

function isErspan(layer: Layer): boolean {
  return layer === Layer.ErspanI || layer === Layer.ErspanII || layer === Layer.ErspanIII;
}

function carriedLayer(protocol: number, flags: number): Layer {
  if ((flags & VERSION) > 1) return Layer.Data;
  switch (protocol) {
    case 0x6558: // transparent Ethernet bridging
      return Layer.Ethernet;
    case 0x88be:
      return (flags & SEQUENCE) === 0 ? Layer.ErspanI : Layer.ErspanII;
    case 0x22eb:
      return Layer.ErspanIII;
    default:
      return layerOfEtherType(protocol);
  }
}
