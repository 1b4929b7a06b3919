import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import { connectOwnTo } from './own-connections.js';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
/** Of TLS, once there is a connection. */
const CONNECT_LIMIT_MS = 5000;

/** What TLS needs beside the address; undefined for plain TCP. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
}

/** A TCP or TLS connection that is made again whenever it is lost. */
export class PeerConnection {
  readonly #peer: Peer;
  readonly #onTrouble: (error: Error) => void;
  readonly #onConnected: () => void;
  readonly #closing = new AbortController();
  #socket: Socket | undefined;
  #connecting: Promise<void> | undefined;

  constructor(
    peer: Peer,
    listeners: {
      /** Called when the connection is lost, or the first attempt after that fails. */
      readonly onTrouble: (error: Error) => void;
      readonly onConnected: () => void;
    },
  ) {
    this.#peer = peer;
    this.#onTrouble = listeners.onTrouble;
    this.#onConnected = listeners.onConnected;
  }

  /** Tries once; throws where that fails. */
  async tryOnce(): Promise<void> {
    const { host, port, tls } = this.#peer;
    const plain = await connectOwnTo(host, port);
    const socket = tls
      ? connectTls({ ...tls, host, socket: plain, ...(isIP(host) === 0 && { servername: host }) })
      : plain;
    const limit = setTimeout(() => {
      socket.destroy(new Error('no answer within 5 s'));
    }, CONNECT_LIMIT_MS);
    try {
      if (tls) await once(socket, 'secureConnect');
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(limit);
    }
    if (this.#closing.signal.aborted) {
      socket.destroy();
      return;
    }
    socket.on('error', (error: Error) => {
      this.#lose(socket, error);
    });
    socket.on('close', () => {
      this.#lose(socket, new Error('the other side has closed the connection'));
    });
    // Whatever a collector says, nobody listens; unread it would keep the end from being seen.
    socket.resume();
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#onConnected();
  }

  /** Resolves when there is a connection; false where it is given up first. */
  async connected(giveUp: AbortSignal): Promise<boolean> {
    if (this.#socket) return true;
    this.#connecting ??= this.#connectAgain().finally(() => {
      this.#connecting = undefined;
    });
    if (giveUp.aborted) return false;
    let onGiveUp: () => void = () => undefined;
    const given = new Promise<void>((resolve) => {
      onGiveUp = resolve;
      giveUp.addEventListener('abort', onGiveUp, { once: true });
    });
    await Promise.race([this.#connecting, given]);
    giveUp.removeEventListener('abort', onGiveUp);
    return this.#hasSocket();
  }

  /** Whether the system has taken the bytes, on a connection that has not been lost meanwhile. */
  write(bytes: Buffer, giveUp: AbortSignal): Promise<boolean> {
    const socket = this.#socket;
    if (!socket || giveUp.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (isWritten: boolean) => {
        socket.off('close', onClose);
        giveUp.removeEventListener('abort', onClose);
        resolve(isWritten);
      };
      const onClose = () => {
        end(false);
      };
      socket.once('close', onClose);
      giveUp.addEventListener('abort', onClose, { once: true });
      socket.write(bytes, (error) => {
        end(!error);
      });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.destroyed) return;
    const closed = once(socket, 'close').catch(() => undefined);
    socket.end();
    await closed;
  }

  #hasSocket(): boolean {
    return this.#socket !== undefined;
  }

  #lose(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    socket.destroy();
    this.#onTrouble(error);
  }

  async #connectAgain(): Promise<void> {
    const { signal } = this.#closing;
    for (
      let waitMs = FIRST_WAIT_MS;
      !signal.aborted;
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)
    )
      try {
        await this.tryOnce();
        return;
      } catch {
        // It was said when the connection was lost.
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
  }
}
