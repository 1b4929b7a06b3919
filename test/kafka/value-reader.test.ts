import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';

import { groupMembers } from '#kcap/kafka/group-members.js';
import { ValueReader } from '#kcap/kafka/value-reader.js';
import { testBrokers } from '#support/test-brokers.js';
import { freshTopic, sendMessages } from '#support/topic.js';
import { waitFor } from '#support/wait-for.js';

import { keptLog } from './log.js';

const LIMIT_MS = 20_000;
const brokers = () => new Map([['bootstrap.servers', testBrokers()]]);

async function readerOf(
  t: TestContext,
  topic: string,
  { group = randomUUID() }: { readonly group?: string } = {},
): Promise<ValueReader> {
  const options = { topic, group, uncommitted: 'earliest', properties: brokers() } as const;
  const reader = await ValueReader.open(options, keptLog().log);
  t.after(() => reader.close());
  return reader;
}

/** So many values, and the messages without one that came among them. */
async function valuesIn(reader: ValueReader, count: number) {
  const values: string[] = [];
  let nullValues = 0;
  while (values.length < count) {
    const messages = await reader.next();
    assert.ok(messages);
    values.push(...messages.values.map(({ value }) => value.toString('latin1')));
    nullValues += messages.nullValues;
    reader.acknowledge(messages.next);
  }
  return { values, nullValues };
}

test('takes values as they are, whatever keys and headers would mean for packets', async (t) => {
  const topic = await freshTopic(t);
  const large = 'x'.repeat(900_000);
  await sendMessages(topic, [
    // Eight bytes would be a time, and a packed message a capture file.
    { key: 'sensor-1', value: Buffer.from('one') },
    { value: Buffer.from('two'), headers: [['pcap-packed', '3']] },
    { value: null },
    { value: Buffer.alloc(0) },
    { value: Buffer.from(large) },
    { value: Buffer.from('last'), headers: [['pcap-linktype', 'none']] },
  ]);
  const { values, nullValues } = await valuesIn(await readerOf(t, topic), 5);
  assert.deepEqual(values, ['one', 'two', '', large, 'last']);
  assert.equal(nullValues, 1);
});

test('says when each message was sent', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [{ value: Buffer.from('then'), timestamp: 1_700_000_000_123 }]);
  const messages = await (await readerOf(t, topic)).next();
  assert.deepEqual(
    messages?.values.map(({ timestampMs }) => timestampMs),
    [1_700_000_000_123],
  );
});

test('goes on after what was acknowledged', async (t) => {
  const topic = await freshTopic(t);
  const group = randomUUID();
  await sendMessages(topic, [{ value: Buffer.from('one') }, { value: Buffer.from('two') }]);
  const first = await readerOf(t, topic, { group });
  assert.deepEqual((await valuesIn(first, 2)).values, ['one', 'two']);
  await first.close();
  await sendMessages(topic, [{ value: Buffer.from('three') }]);
  assert.deepEqual((await valuesIn(await readerOf(t, topic, { group }), 1)).values, ['three']);
});

test('knows the members of a group while they are there', async (t) => {
  const topic = await freshTopic(t);
  const group = randomUUID();
  assert.deepEqual(await groupMembers(brokers(), group), []);
  const properties = new Map([...brokers(), ['client.id', 'somebody']]);
  const options = { topic, group, uncommitted: 'earliest', properties } as const;
  const reader = await ValueReader.open(options, keptLog().log);
  const names = async () =>
    (await groupMembers(brokers(), group))?.map(({ clientId }) => clientId).join();
  await waitFor(async () => (await names()) === 'somebody', {
    limitMs: LIMIT_MS,
    what: 'the member',
  });
  await reader.close();
  await waitFor(async () => (await names()) === '', { limitMs: LIMIT_MS, what: 'its leaving' });
});
