import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';

import { addon, type NativeOwnConnections } from '#kcap/addon.js';
import { LiveCapture } from '#kcap/capture/live-capture.js';

import { AT_ONCE, InMemoryKafka, NEVER } from '../kafka/in-memory.js';
import { batchOf, numbered } from '../packet/packets.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

test(
  'a connection is left out for as long as it lasts, however often others are made',
  { skip: noVeth },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const ownConnections = new addon.OwnConnections();
    const port = kafka.address.split(':')[1] ?? '';
    const all = captureOnLo(t, port, undefined);
    const others = captureOnLo(t, port, ownConnections);

    const producer = kafka.producer({ properties: AT_ONCE, ownConnections });
    const send = async () => {
      await producer.send(batchOf(numbered(1)), NEVER);
      assert.equal(await producer.flush(10_000), 0);
    };
    await send();
    await reconnect(t, kafka, ownConnections, 40);
    await send();
    assert.ok((await packetsOf(all)) > 0);
    assert.equal(await packetsOf(others), 0);
  },
);

function captureOnLo(
  t: TestContext,
  port: string,
  ownConnections: NativeOwnConnections | undefined,
): LiveCapture {
  const capture = LiveCapture.open({
    interface: 'lo',
    snapLength: 1000,
    bufferMiB: 2,
    promiscuous: false,
    precision: 'micro',
    timestampType: undefined,
    linkType: undefined,
    filter: `tcp port ${port}`,
    ownConnections,
  });
  t.after(() => capture.close());
  return capture;
}

async function packetsOf(capture: LiveCapture): Promise<number> {
  capture.stop();
  let count = 0;
  for (let batch; (batch = await capture.next()) !== null;) count += batch.count;
  return count;
}

/** Has a producer connect this many times to a broker that hangs up at once. */
async function reconnect(
  t: TestContext,
  kafka: InMemoryKafka,
  ownConnections: NativeOwnConnections,
  times: number,
): Promise<void> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  kafka.producer({
    properties: {
      ...AT_ONCE,
      'bootstrap.servers': `127.0.0.1:${address.port}`,
      'reconnect.backoff.ms': '1',
      'reconnect.backoff.max.ms': '1',
    },
    ownConnections,
  });
  await waitFor(() => connections >= times, { limitMs: 20_000, what: `${times} connections` });
}
