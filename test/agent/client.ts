import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

import { waitFor } from '../support/wait-for.js';

/** One end of a connection to an agent, and what has come over it. */
export class Client {
  readonly socket: Socket;
  #received = '';
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => (this.#received += text));
    socket.on('error', () => undefined);
    for (const event of ['end', 'close']) socket.on(event, () => (this.closed = true));
  }

  static async connect(t: TestContext, path: string): Promise<Client> {
    const socket = connect({ path, allowHalfOpen: true });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** The answers so far. */
  get answers(): Record<string, unknown>[] {
    const lines = this.#received.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  write(text: string | Buffer): void {
    this.socket.write(text);
  }

  request(method: string, params?: unknown, id: unknown = 1): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  }

  /** Waits until there are so many answers. */
  async count(count: number, limitMs = 20_000): Promise<Record<string, unknown>[]> {
    await waitFor(() => this.#received.split('\n').length > count, {
      ...{ limitMs, what: `${count} answers` },
    });
    return this.answers;
  }

  /** Waits until the other side has closed it. */
  async untilClosed(): Promise<void> {
    await waitFor(() => this.closed, { limitMs: 10_000, what: 'the end of the connection' });
  }
}

/** How long a command takes on a connection of its own, in ms. */
export async function answerMs(t: TestContext, path: string): Promise<number> {
  const start = performance.now();
  const client = await Client.connect(t, path);
  client.request('task_list');
  await once(client.socket, 'data');
  client.socket.destroy();
  return performance.now() - start;
}
