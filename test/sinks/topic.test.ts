import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TopicSink } from '#kcap/sinks/topic.js';

import { AT_ONCE, InMemoryKafka, NEVER, readPackets } from '../kafka/in-memory.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';

const NOBODY = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };

testsOfSink('a topic', {
  make: (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = new TopicSink(kafka.producer({ properties: AT_ONCE }));
    return Promise.resolve({
      sink,
      out: () => readPackets(kafka.consumer({ end: sink.counters().out })),
    });
  },
  seen: (packet) => packet,
});

describe('a topic that takes packets', () => {
  test('has them once each and in order also over an idempotent producer', async (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = new TopicSink(kafka.producer());
    await sink.write(batchOf(numbered(500)), NEVER);
    await sink.flush(NEVER);
    assert.equal(sink.counters().out, 500);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 500 })), numbered(500));
  });
});

const NOT_DELIVERED = 'not delivered before the drain timeout';
const NOT_SENT = 'not sent before the drain timeout';

/** Without why it was not delivered, which is known or not by then. */
function failedOf(sink: TopicSink): Record<string, number> {
  const failed = Object.entries(sink.counters().failed);
  return Object.fromEntries(
    failed.map(([cause, count]): [string, number] => [cause.replace(/:.*/, ''), count]),
  );
}

describe('a topic whose broker is away', () => {
  test('gives its packets up once nobody waits any more, and counts them by cause', async (t) => {
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties: NOBODY }));
    await sink.write(batchOf(numbered(5)), NEVER);
    const giveUp = new AbortController();
    const flushing = sink.flush(giveUp.signal);
    giveUp.abort();
    await flushing;
    assert.deepEqual(failedOf(sink), { [NOT_DELIVERED]: 5, [NOT_SENT]: 0 });
    const { out, bytesOut, unusable } = sink.counters();
    assert.deepEqual({ out, bytesOut, unusable }, { out: 0, bytesOut: 0, unusable: {} });
  });

  test('waits for it as long as message.timeout.ms says where nobody asked for a stop', async (t) => {
    const properties = { ...NOBODY, 'message.timeout.ms': '1500' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }));
    await sink.write(batchOf(numbered(5)), NEVER);
    await sink.flush(NEVER);
    assert.deepEqual(sink.counters().failed, { 'Local: Message timed out': 5, [NOT_SENT]: 0 });
  });

  test('takes nothing any more once nobody waits: it is counted at once', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }));
    await sink.write(batchOf(numbered(10)), NEVER);
    const gaveUp = AbortSignal.abort();
    const startedAt = performance.now();
    for (let batch = 0; batch < 1000; batch++) await sink.write(batchOf(numbered(1)), gaveUp);
    assert.ok(performance.now() - startedAt < 5000, 'a thousand writes take no time');
    await sink.flush(gaveUp);
    assert.deepEqual(failedOf(sink), { [NOT_DELIVERED]: 10, [NOT_SENT]: 1000 });
  });

  test('holds a write up while there is no room, until nobody waits any more', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }));
    const giveUp = new AbortController();
    const writing = sink.write(batchOf(numbered(15)), giveUp.signal);
    // Counted only once the write has ended.
    assert.equal(sink.counters().failed[NOT_SENT], 0);
    giveUp.abort();
    await writing;
    assert.equal(sink.counters().failed[NOT_SENT], 5);
    await sink.flush(giveUp.signal);
  });
});
