import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

import { freePort } from './free-port.js';

/** The way to a server that keeps what it has: shut, it is as if the server had been killed. */
export interface Gate {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Cuts all connections, and refuses others. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** An open gate to a port of 127.0.0.1. */
export async function gate(t: TestContext, to: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let server: Server;
  const port = await freePort();
  const open = async () => {
    server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const [from, onto] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.on('error', () => onto.destroy());
        from.on('close', () => {
          sockets.delete(from);
          onto.destroy();
        });
        from.pipe(onto);
      }
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  t.after(shut);
  return { port, shut, open };
}
