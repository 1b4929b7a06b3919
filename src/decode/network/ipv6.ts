import { uint16, uint32, uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, TCP, Trouble, UDP } from '../layer.js';
import { toIpProtocol } from './ip-protocol.js';

export const IPV6_BYTES = 40;
export const FRAGMENT_BYTES = 8;
/** Protocol numbers of extension headers. */
export const HOP_BY_HOP = 0;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const DESTINATION_OPTIONS = 60;

/** IPv6 (RFC 8200) and its extension headers, as far as the transport or the end of the first fragment header. */
export function decodeIpv6(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  cursor.transport = 0;
  if (cursor.end - at < IPV6_BYTES) {
    cursor.stop(cursor.wireEnd - at < IPV6_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  if (uint8(bytes, at) >> 4 !== 6) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  const length = uint16(bytes, at + 4);
  cursor.ipVersion = 6;
  cursor.ipAt = at;
  cursor.sourceAt = at + 8;
  cursor.destinationAt = at + 24;
  cursor.fragmentOffset = 0;
  cursor.hasMoreFragments = false;
  // A length of 0 is that of a jumbogram, or of a segment which the network card was still to cut into packets.
  if (length !== 0) cursor.declare(at + IPV6_BYTES + length);
  const protocol = uint8(bytes, at + 6);
  cursor.protocol = protocol;
  cursor.at = at + IPV6_BYTES;
  if (protocol === UDP || protocol === TCP) toIpProtocol(cursor, protocol);
  else passExtensions(cursor);
}

/** Whether it is an extension header that the decoder looks behind. */
export function isExtension(protocol: number): boolean {
  return (
    protocol === HOP_BY_HOP ||
    protocol === ROUTING ||
    protocol === FRAGMENT ||
    protocol === DESTINATION_OPTIONS
  );
}

/** Bytes of the extension header at `at`, of which at least 2 are there. */
export function extensionBytes(bytes: Buffer, protocol: number, at: number): number {
  return protocol === FRAGMENT ? FRAGMENT_BYTES : (uint8(bytes, at + 1) + 1) << 3;
}

function passExtensions(cursor: PacketCursor): void {
  const { bytes, end } = cursor;
  let { at, protocol } = cursor;
  while (isExtension(protocol)) {
    const length = end - at < 2 ? FRAGMENT_BYTES : extensionBytes(bytes, protocol, at);
    if (end - at < length) {
      cursor.at = at;
      cursor.protocol = protocol;
      cursor.stop(cursor.wireEnd > end ? Trouble.Cut : Trouble.Malformed);
      return;
    }
    const isFragment = protocol === FRAGMENT;
    if (isFragment) readFragment(cursor, at);
    protocol = uint8(bytes, at);
    at += length;
    if (isFragment && cursor.fragmentOffset > 0) break;
  }
  cursor.at = at;
  cursor.protocol = protocol;
  if (cursor.fragmentOffset > 0) cursor.layer = Layer.Data;
  else toIpProtocol(cursor, protocol);
}

function readFragment(cursor: PacketCursor, at: number): void {
  const fragment = uint16(cursor.bytes, at + 2);
  cursor.fragmentOffset = fragment & 0xfff8;
  cursor.hasMoreFragments = (fragment & 1) !== 0;
  cursor.fragmentId = uint32(cursor.bytes, at + 4);
  cursor.fragmentAt = at + FRAGMENT_BYTES;
}
