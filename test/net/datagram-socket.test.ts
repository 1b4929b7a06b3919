import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';

import { DatagramSocket } from '#kcap/net/datagram-socket.js';

import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';

async function receiver(t: TestContext, type: 'udp4' | 'udp6' = 'udp4') {
  const socket = createSocket({ type, recvBufferSize: 4 * 1024 * 1024 });
  const got: string[] = [];
  socket.on('message', (bytes) => got.push(bytes.toString()));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  t.after(() => {
    socket.close();
  });
  return { got, port: socket.address().port };
}

function senderTo(t: TestContext, address: string, port: number): DatagramSocket {
  const socket = new DatagramSocket(address, port);
  t.after(() => socket.close());
  return socket;
}

function batchOf(texts: readonly string[]): { bytes: Buffer; ends: Int32Array } {
  let end = 0;
  const ends = texts.map((text) => (end += text.length));
  return { bytes: Buffer.from(texts.join('')), ends: Int32Array.from(ends) };
}

for (const [type, address] of [
  ['udp4', '127.0.0.1'],
  ['udp6', '::1'],
] as const)
  test(`${type}: each piece arrives as a datagram, in order`, async (t) => {
    const { got, port } = await receiver(t, type);
    const socket = senderTo(t, address, port);
    const texts = Array.from({ length: 300 }, (_, index) =>
      index === 7 ? '' : `message ${index}`,
    );
    const { bytes, ends } = batchOf(texts);
    const { sent, failed } = await socket.send(bytes, ends);
    assert.deepEqual([sent, failed], [{ datagrams: 300, bytes: bytes.length }, []]);
    await waitFor(() => got.length >= 300, { limitMs: 10_000, what: 'all datagrams' });
    assert.deepEqual(got, texts);
    const nothing = await socket.send(Buffer.alloc(0), new Int32Array());
    assert.deepEqual(nothing, { sent: { datagrams: 0, bytes: 0 }, failed: [] });
  });

test('what is refused is counted by its cause, and the rest goes out', async (t) => {
  const { port } = await receiver(t);
  const refused = senderTo(t, '127.0.0.1', await freePort());
  const { bytes, ends } = batchOf(['a', 'bb', 'ccc', 'dddd']);
  const outcome = await refused.send(bytes, ends);
  const [first, ...others] = outcome.failed;
  assert.equal(first?.code, 'ECONNREFUSED');
  assert.deepEqual(others, []);
  assert.equal(outcome.sent.datagrams + first.datagrams, 4);
  assert.equal(outcome.sent.bytes + first.bytes, bytes.length);

  const tooLong = batchOf(['short', 'x'.repeat(70_000), 'short again']);
  const { sent, failed } = await senderTo(t, '127.0.0.1', port).send(tooLong.bytes, tooLong.ends);
  assert.deepEqual(sent, { datagrams: 2, bytes: 16 });
  assert.deepEqual(failed, [{ code: 'EMSGSIZE', datagrams: 1, bytes: 70_000 }]);
});

test('ends that make no sense are refused, and nothing is sent', async (t) => {
  const { port } = await receiver(t);
  const socket = senderTo(t, '127.0.0.1', port);
  for (const ends of [[5], [3, 2], [-1], [2, 2 ** 31]])
    await assert.rejects(
      async () => socket.send(Buffer.from('four'), Int32Array.from(ends)),
      /a datagram ends where it can't/,
    );
});

test('what was handed over before the end still goes out; after it nothing does', async (t) => {
  const { port } = await receiver(t);
  const socket = senderTo(t, '127.0.0.1', port);
  const { bytes, ends } = batchOf(Array.from({ length: 1000 }, () => 'x'));
  const sending = socket.send(bytes, ends);
  await socket.close();
  assert.equal((await sending).sent.datagrams, 1000);
  await assert.rejects(socket.send(bytes, ends), /closed/);
});

test('an address that is none is an error', () => {
  assert.throws(() => new DatagramSocket('homer', 9060), { code: 'EINVAL' });
});
