import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { buffer } from 'node:stream/consumers';

import { delayingProxy } from './delaying-proxy.js';
import { freePort } from './free-port.js';

const DELAY_MS = 40;

/** A server that sends back what comes, on the other side of the proxy. */
async function farEcho(t: TestContext): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return (await delayingProxy(t, { to: port, delayMs: DELAY_MS })).port;
}

test('an answer takes twice the delay', async (t) => {
  const socket = connect(await farEcho(t), '127.0.0.1');
  await once(socket, 'connect');
  for (let time = 0; time < 3; time++) {
    const before = performance.now();
    socket.write('there and back');
    await once(socket, 'data');
    // Timers may be a millisecond early, each way.
    assert.ok(performance.now() - before >= 2 * DELAY_MS - 2);
  }
  socket.destroy();
});

test('much at once, over several connections, arrives whole, in order and with its end', async (t) => {
  const port = await farEcho(t);
  const before = performance.now();
  const sent = [1, 2, 3].map((fill) =>
    Buffer.alloc(4 * 1024 * 1024, Buffer.from(Array.from({ length: 251 }, (_, at) => at ^ fill))),
  );
  const came = await Promise.all(
    sent.map(async (bytes) => {
      const socket = connect(port, '127.0.0.1');
      socket.end(bytes);
      return buffer(socket);
    }),
  );
  for (const [index, bytes] of sent.entries()) assert.ok(came[index]?.equals(bytes));
  // Not one delay for each piece.
  assert.ok(performance.now() - before < 5_000);
});

test('who listens no longer hangs up, later', async (t) => {
  // An ephemeral port could become the proxy's own.
  const proxy = await delayingProxy(t, { to: await freePort(), delayMs: DELAY_MS });
  const socket = connect(proxy.port, '127.0.0.1');
  const before = performance.now();
  socket.on('error', () => undefined);
  await once(socket.resume(), 'close');
  assert.ok(performance.now() - before >= DELAY_MS - 2);
});
