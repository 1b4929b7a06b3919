import assert from 'node:assert/strict';
import { test } from 'node:test';

import { batchOf, numbered } from '../packet/packets.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { InMemoryKafka, readAll } from './in-memory.js';

test('nothing holds a client that is closed, nor what listens to it', async (t) => {
  const kafka = new InMemoryKafka(t);
  await kafka.send(batchOf(numbered(5)));
  // In a function of its own, so that nothing of it is left here.
  const closed = async () => {
    const [producer, consumer] = [kafka.producer(), kafka.consumer({ end: 5 })];
    const listener = () => undefined;
    producer.onFailure(listener);
    await readAll(consumer);
    await producer.close();
    await consumer.close();
    return [producer, consumer, listener].map((held) => new WeakRef<object>(held));
  };
  const held = await closed();
  await kafka.letGoOfClients();
  await collectGarbage();
  assert.deepEqual(
    held.map((one) => one.deref()),
    [undefined, undefined, undefined],
  );
});
