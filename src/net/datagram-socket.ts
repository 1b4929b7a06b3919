import { getSystemErrorName } from 'node:util';
import { addon } from '../addon/addon.js';
import type { NativeDatagrams, NativeDatagramSender } from '../addon/net.js';

/** Of the kernel's queue, which takes bursts. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/** Calls that may be under way: the system's thread goes on with the next one whatever the event loop is doing. */
export const MOST_SENDS = 16;

/** What became of datagrams that were sent together. */
export interface SentDatagrams {
  /** Taken by the system: nobody says whether they arrived. */
  readonly sent: NativeDatagrams;
  readonly failed: readonly ({
    /** The system's, such as ECONNREFUSED. */
    readonly code: string;
  } & NativeDatagrams)[];
}

/** Sends datagrams to one address, many at once; captures leave them out. */
export class DatagramSocket {
  readonly #native: NativeDatagramSender;

  /**
   * Throws the system's error where there can be no such socket.
   *
   * @param address in digits
   */
  constructor(address: string, port: number) {
    try {
      this.#native = new addon.DatagramSender({ address, port, bufferBytes: SEND_BUFFER_BYTES });
    } catch (error) {
      if (error instanceof Error && 'errno' in error && typeof error.errno === 'number')
        throw Object.assign(error, { code: getSystemErrorName(-error.errno) });
      throw error;
    }
  }

  /**
   * Sends what lies one after the other in `bytes`, which must not change until it resolves. Up to MOST_SENDS calls at a
   * time wait for those before them.
   *
   * @param ends where each datagram ends
   */
  async send(bytes: Buffer, ends: Int32Array): Promise<SentDatagrams> {
    const { sent, failed } = await this.#native.send(bytes, ends);
    return {
      sent,
      failed: Object.entries(failed).map(([errno, count]) => ({
        code: getSystemErrorName(-Number(errno)),
        ...count,
      })),
    };
  }

  async close(): Promise<void> {
    await this.#native.close();
  }
}
