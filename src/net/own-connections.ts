import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { addon } from '../addon/addon.js';

/** One end of a connection that is its peer's. */
export interface PeerAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** For a library that makes its sockets itself. */
export interface OwnConnection {
  /** For net.connect(), once: the descriptor is the socket's from then on. */
  readonly options: {
    readonly fd: number;
    readonly readable: true;
    readonly writable: true;
    readonly manualStart: true;
    readonly host: string;
    readonly port: number;
  };
  /** To be called when it is closed. */
  readonly leave: () => void;
}

/** Of one address of a host. */
const CONNECT_LIMIT_MS = 5000;

/**
 * A TCP connection that somebody else makes. Captures leave its packets out from the first one on, those of this process and
 * those of every other kcap on the host: what reports packets would otherwise report its own.
 */
export function ownConnection({ address, port }: PeerAddress): OwnConnection {
  const { fd, localPort } = addon.ownSocket(address, port);
  return {
    // Nothing can be read before it is connected.
    options: { fd, readable: true, writable: true, manualStart: true, host: address, port },
    leave: () => {
      addon.leaveOwn('tcp', localPort);
    },
  };
}

/** A TCP socket on its way to a peer, whose packets captures leave out as well. */
export function connectOwn(peer: PeerAddress): Socket {
  const { options, leave } = ownConnection(peer);
  const socket = new Socket(options);
  socket.once('connect', () => {
    const { localPort = 0, localAddress } = socket;
    addon.enterOwn('tcp', localPort, localAddress, peer.address, peer.port);
  });
  socket.once('close', leave);
  return socket.connect(options);
}

/** A connection to a host by its name: the first of its addresses that answers. Throws the error of the last one. */
export async function connectOwnTo(host: string, port: number): Promise<Socket> {
  let failure: unknown;
  for (const { address } of await lookup(host, { all: true }))
    try {
      return await connected(connectOwn({ address, port }));
    } catch (error) {
      failure = error;
    }
  throw failure;
}

async function connected(socket: Socket): Promise<Socket> {
  const limit = setTimeout(() => {
    socket.destroy(new Error(`no answer within ${CONNECT_LIMIT_MS / 1000} s`));
  }, CONNECT_LIMIT_MS);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(limit);
  }
}
