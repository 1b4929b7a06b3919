import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { addon } from '../addon.js';

/** One end of a connection that is its peer's. */
export interface PeerAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/**
 * A TCP socket on its way to a peer. Captures leave its packets out from the first one on, those of this process and those
 * of every other kcap on the host: what reports packets would otherwise report its own.
 */
export function connectOwn({ address, port }: PeerAddress): Socket {
  const { fd, localPort } = addon.ownSocket(address, port);
  // Nothing can be read before it is connected.
  const options = { fd, readable: true, writable: true, manualStart: true };
  const socket = new Socket(options);
  socket.once('connect', () => {
    addon.enterOwn('tcp', localPort, socket.localAddress, address, port);
  });
  socket.once('close', () => {
    addon.leaveOwn('tcp', localPort);
  });
  return socket.connect({ host: address, port });
}

/** The same to a host by its name; throws as dns.lookup() does where it has no address. */
export async function connectOwnTo(host: string, port: number): Promise<Socket> {
  const { address } = await lookup(host);
  return connectOwn({ address, port });
}
