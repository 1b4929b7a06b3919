import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countMessages, freshTopic, readMessages, sendMessages } from './topic.js';
import { runCommand } from './run-command.js';
import { testBrokers } from './test-brokers.js';

const now = Date.now();

test('messages are read as they were sent', async (t) => {
  const topic = await freshTopic(t, { partitions: 2 });
  await sendMessages(topic, [
    {
      key: Buffer.from([0, 255, 128]),
      value: Buffer.from([1, 0, 254]),
      timestamp: 1_500_000_000_123,
      partition: 0,
    },
    { key: null, value: null, timestamp: now, partition: 0 },
    {
      key: '',
      value: Buffer.alloc(0),
      timestamp: now,
      partition: 1,
      headers: [
        ['a', '1'],
        ['a', '2'],
      ],
    },
  ]);
  assert.deepEqual(await readMessages(topic), [
    {
      key: Buffer.from([0, 255, 128]),
      value: Buffer.from([1, 0, 254]),
      timestamp: 1_500_000_000_123,
      headers: [],
      partition: 0,
      offset: 0,
    },
    { key: null, value: null, timestamp: now, headers: [], partition: 0, offset: 1 },
    {
      key: Buffer.alloc(0),
      value: Buffer.alloc(0),
      timestamp: now,
      headers: [
        ['a', Buffer.from('1')],
        ['a', Buffer.from('2')],
      ],
      partition: 1,
      offset: 0,
    },
  ]);
  assert.equal(await countMessages(topic), 3);
});

test('a null and an empty value are two things to another client, too', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [{ value: null }, { value: Buffer.alloc(0), key: Buffer.alloc(0) }]);
  const lines = await runCommand(
    'kcat',
    '-b',
    testBrokers(),
    '-t',
    topic,
    '-C',
    '-e',
    '-q',
    '-f',
    '%S %K\\n',
  );
  // kcat gives null's length as -1.
  assert.equal(lines, '-1 -1\n0 0\n');
});
