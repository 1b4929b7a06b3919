import assert from 'node:assert/strict';
import { test } from 'node:test';

import { framedMessage } from '#kcap/protocols/report/framed-message.js';

import { Mutations } from '../protocols/mutations.js';
import { readMessages } from '../support/topic.js';
import { AT_ONCE, InMemoryKafka, packetsById } from './in-memory.js';

interface Message {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A message whose header has a part of its value. */
function referring(start = 1, end = 4): Buffer {
  const message = framedMessage({ key: '', value: 'value', timestampMs: 1_700_000_000_000 });
  const header = Buffer.concat([Buffer.alloc(12), Buffer.from('part')]);
  header.writeUInt32LE(4 + 0x8000_0000, 0);
  header.writeUInt32LE((end - start) >>> 0, 4);
  header.writeUInt32LE((24 + start) >>> 0, 8);
  const whole = Buffer.concat([message, header]);
  whole.writeUInt32LE(whole.length, 0);
  whole.writeUInt32LE(1, 12);
  return whole;
}

function framed(...messages: readonly Message[]): Buffer {
  return Buffer.concat(
    messages.map(({ timestamp, ...message }) =>
      framedMessage({ ...message, timestampMs: timestamp }),
    ),
  );
}

const MESSAGES: readonly Message[] = [
  {
    key: '192.0.2.1:5060-192.0.2.2:5060',
    value: '{"a":1}',
    timestamp: 1_700_000_000_123,
    headers: [
      ['task_id', 'sip'],
      ['l.sip.via', 'ü, b'],
      ['empty', ''],
      ['task_id', 'again'],
    ],
  },
  { key: '', value: '', timestamp: 1 },
  { key: 'k', value: 'v'.repeat(70_000), timestamp: 4_294_967_296_001 },
];

test('messages arrive with keys, values, headers and timestamps of their own', async (t) => {
  const kafka = new InMemoryKafka(t);
  const producer = kafka.producer({ properties: AT_ONCE, keysChoose: true, sends: 'messages' });
  const frames = framed(...MESSAGES);
  assert.equal(await producer.offerMessages(frames), frames.length);
  frames.fill(0xee);
  assert.equal(await producer.flush(10_000), 0);
  const { delivered, deliveredBytes, failed } = producer.counters();
  assert.deepEqual(
    { delivered, deliveredBytes, failed },
    { delivered: 3, deliveredBytes: 70_007, failed: 0 },
  );
  kafka.lendToPeers();
  const stored = await readMessages(kafka.topic);
  assert.deepEqual(
    stored.map(({ key, value, timestamp, headers }) => ({
      key: key?.toString() ?? '',
      value: value?.toString(),
      timestamp,
      headers: headers.map(([name, bytes]) => [name, bytes.toString()]),
    })),
    MESSAGES.map((message) => ({ headers: [], ...message })),
  );
});

test('headers arrive whatever their lengths are', async (t) => {
  const kafka = new InMemoryKafka(t);
  const producer = kafka.producer({ properties: AT_ONCE, keysChoose: true, sends: 'messages' });
  // Lengths that take another byte each time, and others that leave the next header at any address.
  const headers = [0, 1, 2, 3, 63, 64, 65, 8191, 8192, 70_000].map(
    (length) => ['n'.repeat(Math.min(length, 200)), 'v'.repeat(length)] as const,
  );
  const frames = framed({ key: 'k', value: '{}', timestamp: 1, headers });
  assert.equal(await producer.offerMessages(frames), frames.length);
  assert.equal(await producer.flush(10_000), 0);
  kafka.lendToPeers();
  const [message] = await readMessages(kafka.topic);
  assert.deepEqual(
    message?.headers.map(([name, bytes]) => [name, bytes.toString()]),
    headers,
  );
});

test("a header may be a part of the message's value", async (t) => {
  const kafka = new InMemoryKafka(t);
  const producer = kafka.producer({ properties: AT_ONCE, keysChoose: true, sends: 'messages' });
  const frames = referring();
  assert.equal(await producer.offerMessages(frames), frames.length);
  assert.equal(await producer.flush(10_000), 0);
  kafka.lendToPeers();
  const [message] = await readMessages(kafka.topic);
  assert.deepEqual(
    message?.headers.map(([name, bytes]) => [name, bytes.toString()]),
    [['part', 'alu']],
  );
});

for (const [what, start, end] of [
  ['begins before its message', -100, -96],
  ['begins beyond its message', 1000, 1000],
  ['ends beyond its message', 1, 1000],
  ['has a negative length', 4, 1],
] as const)
  test(`refuses a header that ${what}`, async (t) => {
    const producer = new InMemoryKafka(t).producer({ properties: AT_ONCE, sends: 'messages' });
    await assert.rejects(producer.offerMessages(referring(start, end)), /contradicts itself/);
  });

test('a key keeps its messages in one partition', async (t) => {
  const kafka = new InMemoryKafka(t, 4);
  const producer = kafka.producer({ properties: AT_ONCE, keysChoose: true, sends: 'messages' });
  const messages = Array.from({ length: 80 }, (_, index) => ({
    ...{ key: `flow-${index % 20}`, value: String(index), timestamp: 1_700_000_000_000 },
  }));
  await producer.offerMessages(framed(...messages));
  assert.equal(await producer.flush(10_000), 0);
  kafka.lendToPeers();
  const stored = await readMessages(kafka.topic);
  const places = new Set(stored.map(({ key, partition }) => `${String(key)} ${partition}`));
  assert.deepEqual([stored.length, places.size], [80, 20]);
  assert.ok(new Set(stored.map(({ partition }) => partition)).size > 1);
});

test('one that is larger than the client takes fails alone, and is counted', async (t) => {
  const kafka = new InMemoryKafka(t);
  const properties = { ...AT_ONCE, 'message.max.bytes': '20000' };
  const producer = kafka.producer({ properties, keysChoose: true, sends: 'messages' });
  const frames = framed(...MESSAGES);
  assert.equal(await producer.offerMessages(frames), frames.length);
  assert.equal(await producer.flush(10_000), 0);
  const { delivered, failures } = producer.counters();
  assert.equal(delivered, 2);
  assert.deepEqual(packetsById(failures), { 'larger-than-client-takes': 1 });
});

test('10,000 mutated frames are taken or refused, and nothing is read beyond them', async (t) => {
  const kafka = new InMemoryKafka(t);
  const producer = kafka.producer({ properties: AT_ONCE, keysChoose: true, sends: 'messages' });
  const last = framed({ key: 'k', value: 'v', timestamp: 5 });
  const original = Buffer.concat([framed(...MESSAGES.slice(0, 2)), referring(), last]);
  const mutations = new Mutations(15);
  let [taken, refused] = [0, 0];
  for (let turn = 0; turn < 10_000; turn++) {
    const frames = mutations.next([original]);
    try {
      assert.equal(await producer.offerMessages(frames), frames.length);
      taken++;
    } catch (error) {
      assert.match(String(error), /a framed message contradicts itself/);
      refused++;
    }
    if (turn % 1000 === 0) await producer.purge();
  }
  assert.ok(taken > 100 && refused > 1000, `${taken} taken, ${refused} refused`);
});

for (const [what, at, value] of [
  ['a length of 0', 0, 0],
  ['a length beyond the buffer', 0, 0xffff_ffff],
  ['a key beyond its message', 4, 0xffff_fff0],
  ['a value beyond its message', 8, 0x7fff_ffff],
  ['more headers than there are', 12, 0xffff_ffff],
  ['fewer headers than there are', 12, 0],
] as const)
  test(`refuses ${what}`, async (t) => {
    const producer = new InMemoryKafka(t).producer({ properties: AT_ONCE, sends: 'messages' });
    const frames = framed(...MESSAGES.slice(0, 1));
    frames.writeUInt32LE(value, at);
    await assert.rejects(producer.offerMessages(frames), /contradicts itself/);
    assert.equal(producer.counters().accepted, 0);
  });
