import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { enterOwnDatagrams } from './own-connections.js';

/** Of the kernel's queue, which takes bursts. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/** Sends datagrams to one address; captures leave them out. */
export class DatagramSocket {
  readonly #socket: Socket;
  #closed: Promise<unknown> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // What the other side's host refuses is told to the next one who sends; here nobody waits for it.
    socket.on('error', () => undefined);
  }

  static async connect(address: string, port: number): Promise<DatagramSocket> {
    const socket = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      sendBufferSize: SEND_BUFFER_BYTES,
    });
    try {
      socket.bind(0);
      await once(socket, 'listening');
      const { port: localPort } = socket.address();
      const { leave } = enterOwnDatagrams(localPort, undefined, { address, port });
      socket.once('close', leave);
      socket.connect(port, address);
      await once(socket, 'connect');
      enterOwnDatagrams(localPort, socket.address().address, { address, port });
      return new DatagramSocket(socket);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Sends [start, end), which must not change until `onSent` is called. */
  send(
    bytes: Buffer,
    start: number,
    end: number,
    onSent: (error: Error | null, bytes?: number) => void,
  ): void {
    this.#socket.send(bytes, start, end - start, onSent);
  }

  /** May be called again. */
  async close(): Promise<void> {
    this.#closed ??= once(this.#socket.close(), 'close');
    await this.#closed;
  }
}
