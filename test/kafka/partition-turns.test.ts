import assert from 'node:assert/strict';
import { test } from 'node:test';

import { batchOf, numbered } from '../packet/packets.js';
import { readMessages } from '../support/topic.js';
import { AT_ONCE, InMemoryKafka, NEVER } from './in-memory.js';

/** A request holds a hundred messages. */
const SMALL = { ...AT_ONCE, 'batch.num.messages': '100', 'linger.ms': '60000' };

/** How many messages of a hundred that follow each other went to the same partition, at least. */
async function leastTogether(kafka: InMemoryKafka): Promise<number> {
  kafka.lendToPeers();
  const messages = (await readMessages(kafka.topic)).toSorted((a, b) => a.timestamp - b.timestamp);
  assert.equal(messages.length, 301);
  // The first one went alone, to make the partitions known.
  const sent = messages.slice(1);
  return Math.min(
    ...[0, 100, 200].map((turn) => {
      const counts = [0, 0, 0];
      for (const { partition } of sent.slice(turn, turn + 100))
        counts[partition] = (counts[partition] ?? 0) + 1;
      return Math.max(...counts);
    }),
  );
}

for (const [title, keysChoose] of [
  ['partitions take turns, a request each', false],
  ['keys choose the partitions where somebody asked for it', true],
] as const)
  test(title, async (t) => {
    const kafka = new InMemoryKafka(t, 3);
    const producer = kafka.producer({ properties: SMALL, keysChoose });
    await producer.send(batchOf(numbered(1)), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    await producer.send(batchOf(numbered(300, { first: 1 })), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const together = await leastTogether(kafka);
    // The first message has taken its part of the first turn.
    if (keysChoose) assert.ok(together < 70, `${together} together`);
    else assert.ok(together >= 99, `${together} together`);
  });
