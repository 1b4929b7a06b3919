import { viewOf } from '../protocols/byte-view.js';
import type { PacketCursor } from './cursor.js';
import { Layer, UDP } from './layer.js';
import { tunnelOfPorts, UDP_BYTES } from './transport/udp.js';

const IPV4 = 0x0800;
/** Version 4, and a header of five words: without options. */
const VERSION_AND_LENGTH = 0x45;
/** More fragments, or an offset. */
const FRAGMENT = 0x3fff;
/** Where they begin in the frame. */
const IP_AT = 14;
const UDP_AT = 34;

/**
 * Decodes at once what most packets are: Ethernet, IPv4 without options and UDP between ports of no tunnel, not a fragment
 * and with all that its headers say. False, and the cursor where it was, where it is anything else: then its layers are
 * decoded one by one, which comes to the same.
 */
export function decodePlainDatagram(cursor: PacketCursor): boolean {
  const { bytes, at } = cursor;
  const udpAt = at + UDP_AT;
  const payloadAt = udpAt + UDP_BYTES;
  if (payloadAt > cursor.end) return false;
  const view = viewOf(bytes);
  const ipAt = at + IP_AT;
  if (
    view.getUint16(at + 12) !== IPV4 ||
    view.getUint8(ipAt) !== VERSION_AND_LENGTH ||
    view.getUint8(ipAt + 9) !== UDP ||
    (view.getUint16(ipAt + 6) & FRAGMENT) !== 0
  )
    return false;
  const ipEnd = ipAt + view.getUint16(ipAt + 2);
  const end = udpAt + view.getUint16(udpAt + 4);
  if (ipEnd > cursor.end || end > ipEnd || end < payloadAt) return false;
  const sourcePort = view.getUint16(udpAt);
  const destinationPort = view.getUint16(udpAt + 2);
  if (tunnelOfPorts(sourcePort, destinationPort) !== Layer.Data) return false;

  cursor.macAt = at;
  cursor.etherType = IPV4;
  cursor.ipVersion = 4;
  cursor.ipAt = ipAt;
  cursor.sourceAt = ipAt + 12;
  cursor.destinationAt = ipAt + 16;
  cursor.protocol = UDP;
  cursor.fragmentOffset = 0;
  cursor.hasMoreFragments = false;
  cursor.transport = UDP;
  cursor.transportAt = udpAt;
  cursor.sourcePort = sourcePort;
  cursor.destinationPort = destinationPort;
  cursor.layer = Layer.Data;
  cursor.at = payloadAt;
  cursor.end = end;
  cursor.wireEnd = end;
  return true;
}
