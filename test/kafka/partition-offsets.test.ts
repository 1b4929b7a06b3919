import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { FIRST, NEXT, PartitionOffsets } from '#kcap/kafka/partition-offsets.js';

import { sendMessages } from '../support/topic.js';
import { InMemoryKafka } from './in-memory.js';

const PARTITIONS = Array.from({ length: 40 }, (_, id) => id);

describe('the offsets of many partitions', () => {
  test('come with one question', async (t) => {
    const kafka = new InMemoryKafka(t, PARTITIONS.length);
    kafka.lendToPeers();
    await sendMessages(kafka.topic, [
      { value: Buffer.from('a'), partition: 3 },
      { value: Buffer.from('b'), partition: 3 },
      { value: Buffer.from('c'), partition: 39 },
    ]);
    const offsets = await connected(kafka, 10_000);
    t.after(() => offsets.close());
    const all = (of: (id: number) => number) => PARTITIONS.map((id) => [id, of(id)]);
    assert.deepEqual(
      sorted(await offsets.at(kafka.topic, PARTITIONS, FIRST)),
      all(() => 0),
    );
    const next = new Map([
      [3, 2],
      [39, 1],
    ]);
    assert.deepEqual(
      sorted(await offsets.at(kafka.topic, PARTITIONS, NEXT)),
      all((id) => next.get(id) ?? 0),
    );
  });

  for (const when of [FIRST, NEXT, 0])
    test(`are not complete without one that nobody answers for: ${when}`, async (t) => {
      const kafka = new InMemoryKafka(t, 2);
      const offsets = await connected(kafka, 2000);
      t.after(() => offsets.close());
      await assert.rejects(offsets.at(kafka.topic, [0, 1, 2], when), {
        message: 'no broker answers for partition 2',
      });
    });

  test('are waited for no longer than there is time, however many they are', async (t) => {
    const kafka = new InMemoryKafka(t, PARTITIONS.length);
    const offsets = await connected(kafka, 2000);
    t.after(() => offsets.close());
    kafka.endBroker();
    const asked = performance.now();
    await assert.rejects(offsets.at(kafka.topic, PARTITIONS, NEXT));
    const took = performance.now() - asked;
    assert.ok(took < 4000, `${took} ms`);
  });
});

function connected(kafka: InMemoryKafka, limitMs: number): Promise<PartitionOffsets> {
  return PartitionOffsets.connect(
    { 'bootstrap.servers': kafka.address },
    { deadline: performance.now() + limitMs, note: () => undefined },
  );
}

function sorted(offsets: ReadonlyMap<number, number>): [number, number][] {
  return [...offsets].sort(([a], [b]) => a - b);
}
