import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Bytes that may be on their way in one direction of a connection: more than a long way holds at any tests' rate. */
const MOST_UNDER_WAY = 64 * 1024 * 1024;

/** A long way to a server: what either end sends arrives so much later, in order, at whatever rate. */
export interface DelayingProxy {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Of each way, of what is sent from now on: a round trip takes twice that. */
  delayMs: number;
}

/**
 * Passes connections on to a port of 127.0.0.1; closed when the test ends.
 *
 * @param delayMs of each way: a round trip takes twice that
 * @param listenOn a free port by default
 */
export async function delayingProxy(
  t: TestContext,
  { to, delayMs, listenOn = 0 }: { to: number; delayMs: number; listenOn?: number },
): Promise<DelayingProxy> {
  const sockets = new Set<Socket>();
  const way = { delayMs };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const [from, onto] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('close', () => sockets.delete(from));
      passOn(from, onto, way);
    }
  });
  server.listen(listenOn, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return Object.assign(way, { port: (server.address() as AddressInfo).port });
}

/** What happens to one end, and when the other is to notice. */
interface Event {
  readonly at: number;
  readonly bytes: number;
  readonly happen: () => void;
}

/** One direction of a connection. One timer at a time: whatever is due by then goes on. */
function passOn(from: Socket, onto: Socket, way: { readonly delayMs: number }): void {
  const events: Event[] = [];
  let underWay = 0;
  const arrive = () => {
    const now = performance.now();
    for (let next; (next = events[0]) && next.at <= now;) {
      events.shift();
      underWay -= next.bytes;
      next.happen();
    }
    if (underWay < MOST_UNDER_WAY) from.resume();
    const [next] = events;
    if (next) setTimeout(arrive, next.at - now);
  };
  const later = (happen: () => void, bytes = 0) => {
    const { delayMs } = way;
    events.push({ at: performance.now() + delayMs, bytes, happen });
    underWay += bytes;
    if (underWay >= MOST_UNDER_WAY) from.pause();
    if (events.length === 1) setTimeout(arrive, delayMs);
  };
  from.on('data', (bytes: Buffer) => {
    later(() => onto.write(bytes), bytes.length);
  });
  from.on('end', () => {
    later(() => onto.end());
  });
  // Refused, or reset: the other end is not told how.
  from.on('error', () => {
    later(() => onto.destroy());
  });
  onto.on('error', () => undefined);
}
