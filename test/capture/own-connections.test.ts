import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { LiveCapture } from '#kcap/capture/live-capture.js';

import { AT_ONCE, InMemoryKafka, NEVER } from '../kafka/in-memory.js';
import { batchOf, numbered, packetsIn } from '../packet/packets.js';
import { kcap } from '../support/kcap.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';
import { BEHIND_PORTS, TCP_OF_IPV4, TCP_OF_IPV6, WRAPPINGS } from './wrapped-frames.js';

const skip = noVeth;

test(
  'leaves a connection out as long as it lasts, however many others follow',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const filter = `tcp port ${portOf(kafka)}`;
    const all = captureOn(t, 'lo', { filter });
    const others = captureOn(t, 'lo', { filter, leavesOutKcap: true });

    const producer = kafka.producer({ properties: AT_ONCE });
    const send = async () => {
      await producer.send(batchOf(numbered(1)), NEVER);
      assert.equal(await producer.flush(10_000), 0);
    };
    await send();
    await reconnect(t, kafka, 40);
    await send();
    assert.ok((await framesOf(all)).length > 0);
    assert.equal((await framesOf(others)).length, 0);
  },
);

test(
  'leaves out a connection of the process, whatever wraps it, and no other',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const own = await connect(kafka);
    const veth = await vethPair(t);
    const capture = captureOn(t, veth.inside, { leavesOutKcap: true });

    const packets = [TCP_OF_IPV4(own), TCP_OF_IPV4({ from: own.to, to: own.from })];
    // A neighbour of each: the same addresses, another connection.
    const stranger = { ...own, from: { ...own.from, port: own.from.port ^ 1 } };
    const strangers = [
      TCP_OF_IPV4(stranger),
      TCP_OF_IPV4({ from: stranger.to, to: stranger.from }),
    ];
    const wrapped = (inner: readonly Buffer[]) =>
      Object.values(WRAPPINGS).flatMap((wrap) => inner.flatMap((packet) => wrap(packet)));
    const marker = Buffer.alloc(60, 0x88);
    await sendFrames(veth, [...wrapped(packets), marker, ...wrapped(strangers)]);
    assert.deepEqual(await framesOf(capture), [marker, ...wrapped(strangers)]);
  },
);

test(
  'leaves out a connection of another kcap, whatever wraps it, also when that has been killed',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const other = kcap(t, ['-c', '-k', kafka.address, '-t', kafka.topic], { stdout: 'open' });
    await other.started();
    const own = await connectionTo(kafka);
    const packets = [TCP_OF_IPV4(own), TCP_OF_IPV4({ from: own.to, to: own.from })];
    const wrapped = Object.values(WRAPPINGS).flatMap((wrap) => packets.flatMap(wrap));
    const veth = await vethPair(t);
    const marker = Buffer.alloc(60, 0x88);
    const [capture, longer] = [1, 2].map(() => captureOn(t, veth.inside, { leavesOutKcap: true }));
    assert.ok(capture && longer);
    await sendFrames(veth, [...wrapped, marker]);
    assert.deepEqual(await framesOf(capture), [marker]);
    other.signal('SIGKILL');
    await other.exit;
    // Who lives is looked at each second, which nothing shows.
    await sleep(1100);
    await sendFrames(veth, [...wrapped, marker]);
    assert.deepEqual(await framesOf(longer), [marker, marker]);
  },
);

test(
  'needs no more of a packet than its addresses and ports, whatever wraps it',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const own = await connect(kafka);
    const veth = await vethPair(t);
    const capture = captureOn(t, veth.inside, { leavesOutKcap: true });
    // Only one of the two addresses is known.
    const broker = { address: '172.17.0.2', port: 9092 };
    const packets = [
      { ...own, to: broker },
      { from: broker, to: own.from },
    ].map(TCP_OF_IPV4);
    const whole = Object.entries(WRAPPINGS)
      .filter(([name]) => !name.includes('fragments'))
      .flatMap(([, wrap]) => packets.flatMap((packet) => wrap(packet)));
    const cut = (bytes: number) => whole.map((frame) => frame.subarray(0, frame.length - bytes));
    const tooShort = cut(BEHIND_PORTS + 1);
    await sendFrames(veth, [...cut(BEHIND_PORTS), ...tooShort]);
    assert.deepEqual(await framesOf(capture), tooShort);
  },
);

test(
  'knows a broker by the local end, where its address is another on the wire',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const own = await connect(kafka);
    const veth = await vethPair(t);
    const capture = captureOn(t, veth.inside, { leavesOutKcap: true });
    const translated = { ...own, to: { address: '172.17.0.2', port: 9092 } };
    const elsewhere = { from: { ...own.from, address: '10.0.0.7' }, to: translated.to };
    const ethernet = WRAPPINGS['nothing'];
    assert.ok(ethernet);
    const frames = ethernet(TCP_OF_IPV4(elsewhere));
    await sendFrames(veth, [...ethernet(TCP_OF_IPV4(translated)), ...frames]);
    assert.deepEqual(await framesOf(capture), frames);
  },
);

test('takes no IPv6 packet for one of an IPv4 connection', { skip }, async (t) => {
  const kafka = new InMemoryKafka(t);
  const own = await connect(kafka);
  const veth = await vethPair(t);
  const capture = captureOn(t, veth.inside, { leavesOutKcap: true });
  const frames = Object.values(WRAPPINGS).flatMap((wrap) => wrap(TCP_OF_IPV6(own)));
  await sendFrames(veth, frames);
  assert.deepEqual(await framesOf(capture), frames);
});

test(
  'captures all the same what is too short to be a packet of a connection',
  { skip },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const own = await connect(kafka);
    const veth = await vethPair(t);
    const capture = captureOn(t, veth.inside, { leavesOutKcap: true });
    const ethernet = WRAPPINGS['nothing'];
    assert.ok(ethernet);
    const [whole = Buffer.alloc(0)] = ethernet(TCP_OF_IPV4(own));
    const frames = Array.from({ length: 36 - 14 }, (_, index) => whole.subarray(0, 14 + index));
    await sendFrames(veth, frames);
    assert.deepEqual(await framesOf(capture), frames);
  },
);

interface CaptureChoices {
  readonly filter?: string;
  readonly leavesOutKcap?: boolean;
}

function captureOn(
  t: TestContext,
  name: string,
  { filter = '', leavesOutKcap = false }: CaptureChoices,
): LiveCapture {
  const capture = LiveCapture.open({
    interface: name,
    snapLength: 1000,
    bufferMiB: 2,
    promiscuous: false,
    precision: 'micro',
    timestampType: undefined,
    linkType: undefined,
    filter,
    leavesOutKcap,
  });
  t.after(() => capture.close());
  return capture;
}

/** What a capture has seen until now. */
async function framesOf(capture: LiveCapture): Promise<Buffer[]> {
  capture.stop();
  const frames: Buffer[] = [];
  for (let batch; (batch = await capture.next()) !== null;)
    frames.push(...packetsIn(batch.bytes).map(({ frame }) => Buffer.from(frame)));
  return frames;
}

function portOf(kafka: InMemoryKafka): string {
  return kafka.address.split(':')[1] ?? '';
}

/** A connection of a producer that is up, which leads from and to 127.0.0.1. */
async function connect(kafka: InMemoryKafka) {
  const producer = kafka.producer({ properties: AT_ONCE });
  await producer.send(batchOf(numbered(1)), NEVER);
  assert.equal(await producer.flush(10_000), 0);
  return connectionTo(kafka);
}

/** The one that is up, or the next one that is. */
async function connectionTo(kafka: InMemoryKafka) {
  const port = Number(portOf(kafka));
  let localPort = NaN;
  const isUp = async () => {
    const established = (await readFile('/proc/self/net/tcp', 'utf8'))
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([, , remote = '', state]) => remote.endsWith(`:${hex(port)}`) && state === '01');
    localPort = Number.parseInt(established?.[1]?.split(':')[1] ?? '', 16);
    return localPort > 0;
  };
  await waitFor(isUp, { limitMs: 10_000, what: 'a connection in the list of the kernel' });
  return {
    from: { address: '127.0.0.1', port: localPort },
    to: { address: '127.0.0.1', port },
  };
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Has a producer connect this many times to a broker that hangs up at once. */
async function reconnect(t: TestContext, kafka: InMemoryKafka, times: number): Promise<void> {
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
  });
  await waitFor(() => connections >= times, { limitMs: 20_000, what: `${times} connections` });
}
