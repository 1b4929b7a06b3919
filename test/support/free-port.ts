import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
const PAST_LAST = 30_000;

/**
 * A TCP port of 127.0.0.1 that nothing listens on, and that no other test gets as long as this process lives: a broker
 * takes seconds to listen. It is outside the ephemeral range: there the kernel might give it to an outgoing connection
 * while a broker restarts, and the broker could not have it back.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(FIRST, PAST_LAST);
    if ((await canListen(port)) && (await reserve(port))) return port;
  }
  throw new Error(`No free port found between ${FIRST} and ${PAST_LAST}`);
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** By a name in Linux's abstract namespace of sockets: the kernel lets one process have it, and frees it at its end. */
async function reserve(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(`\0kcap-test-port-${port}`);
    await once(server, 'listening');
    server.unref();
    return true;
  } catch {
    return false;
  }
}
