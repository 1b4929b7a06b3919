import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { BatchProducer, type ProducerOptions } from '#kcap/kafka/batch-producer.js';
import { producerProperties } from '#kcap/kafka/settings.js';

import { batchOf, numbered, packetsIn } from '../packet/packets.js';
import { testBrokers } from '../support/test-brokers.js';
import { alterTopic, countMessages, freshTopic, readMessages } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';
import { AT_ONCE, NEVER, packetsById } from './in-memory.js';
import { keptLog } from './log.js';

const FLUSH_MS = 20_000;

/** A producer to the real Kafka, which knows nothing of the topic's limits unless it asks. */
function producerTo(
  t: TestContext,
  topic: string,
  properties: Record<string, string> = {},
  more: Partial<ProducerOptions> = {},
) {
  const { log, records } = keptLog();
  const user = new Map(Object.entries({ 'bootstrap.servers': testBrokers(), ...properties }));
  const producer = new BatchProducer(
    {
      properties: producerProperties(user),
      topic,
      timestamp: 'packet',
      mayFillQueue: true,
      pushIntervalMs: 50,
      fullBytes: 1e6,
      headers: [['pcap-host', 'h']],
      namesInterface: true,
      keepsUndelivered: true,
      reportEvery: 0,
      ...more,
    },
    log,
  );
  t.after(() => producer.close());
  const errors = () => records.filter(({ level }) => level === 'error').map(({ msg }) => msg);
  return { producer, user, errors };
}

const frames = (packets: readonly { readonly frame: Buffer }[]) =>
  packets.map(({ frame }) => frame.toString('hex'));

test('halves requests that the topic refuses as too large until it takes them', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '40000' } });
  const { producer } = producerTo(t, topic);
  const packets = numbered(5000);
  await producer.send(batchOf(packets, { linkType: 113, interface: 'eth0' }), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  const { delivered, failed, settled } = producer.counters();
  assert.deepEqual({ delivered, failed, settled }, { delivered: 5000, failed: 0, settled: 5000 });
  const messages = await readMessages(topic);
  assert.equal(messages.length, packets.length);
  const bySeconds = messages.toSorted((a, b) => a.timestamp - b.timestamp);
  assert.deepEqual(
    bySeconds.map(({ value }) => value?.toString('hex')),
    frames(packets),
  );
  assert.deepEqual(
    bySeconds.map(({ timestamp }) => timestamp),
    packets.map(({ seconds, fraction }) => seconds * 1000 + Math.floor(fraction / 1000)),
  );
  const [first] = bySeconds;
  assert.deepEqual(
    first?.headers.map(([name, value]) => [name, value.toString()]),
    [
      ['pcap-linktype', '113'],
      ['pcap-interface', 'eth0'],
      ['pcap-host', 'h'],
    ],
  );
});

test('flushes for as long as was asked, however often it is refused meanwhile', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '100' } });
  // Halved until it holds one packet: more than twenty times, and each time takes another client.
  const large = { 'message.max.bytes': '1000000000', 'batch.size': '1000000000' };
  const { producer } = producerTo(t, topic, { ...AT_ONCE, ...large });
  await producer.send(batchOf(numbered(1, { bytes: 200 })), NEVER);
  for (let left = 1; left > 0;) {
    const began = performance.now();
    left = await producer.flush(800);
    const tookMs = performance.now() - began;
    assert(left === 0 || tookMs >= 800, `${left} left after ${tookMs} ms`);
  }
  assert.deepEqual(packetsById(producer.counters().failures), { 'larger-than-topic-takes': 1 });
});

test('makes requests such as the topic takes where its settings may be seen', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '40000' } });
  const { producer, user } = producerTo(t, topic);
  await producer.adaptToTopic(user, 0);
  const packets = numbered(5000);
  await producer.send(batchOf(packets), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  // Nothing was refused: all of it stands in the order in which it was sent.
  assert.deepEqual(
    (await readMessages(topic)).map(({ value }) => value?.toString('hex')),
    frames(packets),
  );
});

for (const knows of [true, false]) {
  const how = knows ? 'with' : 'without';
  test(`fails a packet that is too large by itself alone, ${how} the topic's settings`, async (t) => {
    const topic = await freshTopic(t, { config: { 'max.message.bytes': '4000' } });
    const { producer, user, errors } = producerTo(t, topic);
    if (knows) await producer.adaptToTopic(user, 0);
    const [large] = numbered(1, { first: 600, bytes: 5000 });
    assert.ok(large);
    const packets = [...numbered(100), large, ...numbered(100, { first: 100 })];
    await producer.send(batchOf(packets), NEVER);
    assert.equal(await producer.flush(FLUSH_MS), 0);
    const { delivered, failures } = producer.counters();
    assert.equal(delivered, 200);
    assert.deepEqual(packetsById(failures), { 'larger-than-topic-takes': 1 });
    assert.equal(await countMessages(topic), 200);
    await waitFor(() => errors().length > 0, { limitMs: 5000, what: 'the cause' });
    const limit = knows ? '=4000' : '';
    assert.deepEqual(errors(), [
      `packets are not delivered: larger than the topic takes (max.message.bytes${limit}); ` +
        'cut packets with -s, or raise max.message.bytes of the topic',
    ]);
    assert.deepEqual(
      producer.takeRefused().flatMap(({ bytes }) => packetsIn(bytes)),
      [large],
    );
    assert.deepEqual(producer.takeRefused(), []);
  });
}

for (const pack of [undefined, { bytes: 65_536, mayGrow: true, ageMs: 50 }]) {
  const how = pack ? 'packed' : 'plain';
  test(`names a header that is longer than the topic takes: ${how}`, async (t) => {
    const topic = await freshTopic(t, { config: { 'max.message.bytes': '4000' } });
    const headers = [['site', 'x'.repeat(5000)]] as const;
    const { producer, user, errors } = producerTo(t, topic, {}, { headers, pack });
    await producer.adaptToTopic(user, 0);
    await producer.send(batchOf(numbered(20)), NEVER);
    assert.equal(await producer.flush(FLUSH_MS), 0);
    assert.deepEqual(packetsById(producer.counters().failures), { 'larger-than-topic-takes': 20 });
    await waitFor(() => errors().length > 0, { limitMs: 5000, what: 'the cause' });
    assert.equal(
      errors()[0],
      'packets are not delivered: larger than the topic takes (max.message.bytes=4000); ' +
        'shorten the header site (-H), which has 5004 bytes, or raise max.message.bytes of the topic',
    );
  });
}

test('names the limit that the topic has when it refuses a packet', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '40000' } });
  const { producer, user, errors } = producerTo(t, topic);
  await producer.adaptToTopic(user, 0);
  await alterTopic(topic, 'max.message.bytes', '3000');
  const named = () =>
    errors().map((text) => /\(max\.message\.bytes(.*?)\)/.exec(String(text))?.[1]);
  // None is named where a busy broker says too late what it is; the next time it is asked again.
  const isNamed = async () => {
    await producer.send(batchOf(numbered(1, { bytes: 5000 })), NEVER);
    assert.equal(await producer.flush(FLUSH_MS), 0);
    assert(named().every((limit) => limit === '' || limit === '=3000'));
    return named().includes('=3000');
  };
  await waitFor(isNamed, { limitMs: 60_000, what: "the topic's limit" });
});

test('fails a packet whose time the broker refuses alone', async (t) => {
  const topic = await freshTopic(t, { config: { 'message.timestamp.after.max.ms': '3600000' } });
  const { producer, errors } = producerTo(t, topic);
  const [ahead] = numbered(1, { first: 200_000_000 });
  assert.ok(ahead);
  const packets = [...numbered(50), ahead, ...numbered(49, { first: 50 })];
  await producer.send(batchOf(packets), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  assert.deepEqual(packetsById(producer.counters().failures), { 'time-refused': 1 });
  assert.deepEqual(
    (await readMessages(topic)).map(({ value }) => value?.toString('hex')),
    frames(packets.filter((packet) => packet !== ahead)),
  );
  await waitFor(() => errors().length > 0, { limitMs: 5000, what: 'the cause' });
  assert.match(
    String(errors()[0]),
    /: the packet's own time, 2030-\S+, where this .* says \S+; raise message\.timestamp\.after\.max\.ms.*--kafka-timestamp now/,
  );
});

test('fails all whose time the broker refuses, each once', async (t) => {
  const topic = await freshTopic(t, { config: { 'message.timestamp.after.max.ms': '3600000' } });
  const { producer } = producerTo(t, topic);
  await producer.send(batchOf(numbered(3000, { first: 200_000_000 })), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  const { delivered, failures, settled } = producer.counters();
  assert.equal(delivered, 0);
  assert.equal(settled, 3000);
  assert.deepEqual(packetsById(failures), { 'time-refused': 3000 });
  assert.equal(await countMessages(topic), 0);
});

test('fails a packet larger than message.max.bytes allows alone, with that as the remedy', async (t) => {
  const topic = await freshTopic(t);
  const { producer, user, errors } = producerTo(t, topic, { 'message.max.bytes': '2000' });
  await producer.adaptToTopic(user, 0);
  const [large] = numbered(1, { first: 9, bytes: 3000 });
  assert.ok(large);
  await producer.send(batchOf([...numbered(3), large]), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  assert.deepEqual(packetsById(producer.counters().failures), { 'larger-than-client-takes': 1 });
  await waitFor(() => errors().length > 0, { limitMs: 5000, what: 'the cause' });
  assert.match(
    String(errors()[0]),
    /allows \(2000\); cut packets with -s, or raise -X message\.max/,
  );
  assert.deepEqual(
    producer.takeRefused().flatMap(({ bytes }) => packetsIn(bytes)),
    [large],
  );
});

test('takes a packet as large as the topic takes without being told so', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '4000000' } });
  const { producer, user } = producerTo(t, topic);
  await producer.adaptToTopic(user, 0);
  await producer.send(batchOf(numbered(1, { bytes: 3_000_000 })), NEVER);
  assert.equal(await producer.flush(FLUSH_MS), 0);
  assert.equal(producer.counters().delivered, 1);
});
