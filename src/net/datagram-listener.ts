import { isIPv6 } from 'node:net';
import { addon } from '../addon/addon.js';
import type { NativeDatagramListener } from '../addon/net.js';
import { systemCause } from '../errors/system-error.js';
import { codeOf, UserError } from '../errors/user-error.js';
import { packetBatchOf } from '../packet/native-batch.js';
import type { PacketBatch } from '../packet/packet-batch.js';

/** Of the kernel's buffer: what it can hold while nobody reads. */
const BUFFER_BYTES = 8 * 1024 * 1024;
const BATCH_BYTES = 512 * 1024;

/** Where datagrams come to. */
export interface ListenAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  /** 0 for any. */
  readonly port: number;
}

/** Takes the datagrams that come to a UDP port, batch by batch: a record each, of the payload. */
export class DatagramListener {
  /** Such as udp://0.0.0.0:9060. */
  readonly name: string;
  readonly port: number;
  readonly #native: NativeDatagramListener;

  private constructor(name: string, native: NativeDatagramListener) {
    this.name = name;
    this.port = native.port();
    this.#native = native;
  }

  /** The kernel takes datagrams from then on. Throws a UserError that says what is in the way. */
  static open({ address, port }: ListenAddress): DatagramListener {
    const host = isIPv6(address) ? `[${address}]` : address;
    const name = `udp://${host}:${port}`;
    try {
      const native = new addon.DatagramListener({
        ...{ address, port },
        bufferBytes: BUFFER_BYTES,
        batchBytes: BATCH_BYTES,
      });
      return new DatagramListener(name, native);
    } catch (error) {
      throw new UserError(`listen on ${name}`, systemCause(error), {
        remedy: remedyFor(codeOf(error)),
      });
    }
  }

  /** The next datagrams; null after the last ones of a stopped listener. */
  async next(): Promise<PacketBatch | null> {
    const batch = await this.#native.next();
    return batch && packetBatchOf(batch);
  }

  /** Ends with the last datagram that the kernel has seen until now. */
  stop(): void {
    this.#native.stop();
  }

  /** After stop(): no time is left for what waits in the kernel's buffer. It is counted and does not come any more. */
  abandon(): void {
    this.#native.abandon();
  }

  /** Since the start. To be asked before 32 bits are full: each second will do. */
  counters(): ReturnType<NativeDatagramListener['counters']> {
    return this.#native.counters();
  }

  async close(): Promise<void> {
    await this.#native.close();
  }
}

function remedyFor(code: string | undefined): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program, or another task, listens there: choose another port';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address: 0.0.0.0 or [::] stands for all that it has';
    case 'EACCES':
      return 'choose a port above 1023, or let this node take lower ones (cap_net_bind_service)';
    default:
      return undefined;
  }
}
