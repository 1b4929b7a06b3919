import { uint16 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';
import { Layer, Trouble, UDP } from '../layer.js';
import { Tunnel } from '../tunnel/tunnel.js';

export const UDP_BYTES = 8;

/** UDP (RFC 768); goes on with a tunnel where the ports say so. */
export function decodeUdp(cursor: PacketCursor): void {
  const { bytes, at } = cursor;
  if (cursor.end - at < UDP_BYTES) {
    cursor.stop(cursor.wireEnd - at < UDP_BYTES ? Trouble.Malformed : Trouble.Cut);
    return;
  }
  const sourcePort = uint16(bytes, at);
  const destinationPort = uint16(bytes, at + 2);
  const length = uint16(bytes, at + 4);
  cursor.transport = UDP;
  cursor.transportAt = at;
  cursor.sourcePort = sourcePort;
  cursor.destinationPort = destinationPort;
  // A length of 0 is that of a jumbogram.
  if (length < UDP_BYTES && length !== 0) {
    cursor.stop(Trouble.Malformed);
    return;
  }
  if (length !== 0) cursor.limit(at + length);
  cursor.at = at + UDP_BYTES;
  const layer = tunnelOfPorts(sourcePort, destinationPort);
  cursor.layer = layer === Layer.Data || cursor.follows(tunnelOf(layer)) ? layer : Layer.Data;
}

function tunnelOf(layer: Layer): Tunnel {
  switch (layer) {
    case Layer.Gtp:
      return Tunnel.Gtp;
    case Layer.Geneve:
      return Tunnel.Geneve;
    case Layer.Tzsp:
      return Tunnel.Tzsp;
    default:
      return Tunnel.Vxlan;
  }
}

/** What a datagram between these ports carries: Data where that is no tunnel. */
export function tunnelOfPorts(source: number, destination: number): Layer {
  const layer = tunnelOfPort(destination);
  return layer === Layer.Data ? tunnelOfPort(source) : layer;
}

function tunnelOfPort(port: number): Layer {
  // Most ports are none of these: one comparison each is enough for them.
  if (port < 2152 || port > 37008) return Layer.Data;
  switch (port) {
    case 2152:
      return Layer.Gtp;
    case 4789:
    case 8472: // Linux, before the port was assigned
      return Layer.Vxlan;
    case 6081:
      return Layer.Geneve;
    case 37008:
      return Layer.Tzsp;
    default:
      return Layer.Data;
  }
}
