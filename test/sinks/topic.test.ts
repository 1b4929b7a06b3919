import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TopicSink } from '#kcap/sinks/topic.js';

import { AT_ONCE, InMemoryKafka, NEVER, readPackets } from '../kafka/in-memory.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { endsOf } from '../pipeline/ends.js';

const NOBODY = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };

testsOfSink('a topic', {
  make: (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = new TopicSink(kafka.producer({ properties: AT_ONCE }));
    return Promise.resolve({
      sink,
      out: () => readPackets(kafka.consumer({ end: endsOf(sink).out })),
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
    assert.equal(endsOf(sink).out, 500);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 500 })), numbered(500));
  });
});

const NOT_DELIVERED = 'not-delivered-in-time';
const NOT_SENT = 'not-sent-in-time';

describe('a topic whose broker is away', () => {
  test('gives its packets up once nobody waits any more, and counts them by cause', async (t) => {
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties: NOBODY }));
    await sink.write(batchOf(numbered(5)), NEVER);
    const giveUp = new AbortController();
    const flushing = sink.flush(giveUp.signal);
    giveUp.abort();
    await flushing;
    assert.deepEqual(endsOf(sink), { out: 0, bytesOut: 0, ended: { [NOT_DELIVERED]: 5 } });
  });

  test('waits for it as long as message.timeout.ms says where nobody asked for a stop', async (t) => {
    const properties = { ...NOBODY, 'message.timeout.ms': '1500' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }));
    await sink.write(batchOf(numbered(5)), NEVER);
    await sink.flush(NEVER);
    assert.deepEqual(endsOf(sink).ended, { 'msg-timed-out': 5 });
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
    assert.deepEqual(endsOf(sink).ended, { [NOT_DELIVERED]: 10, [NOT_SENT]: 1000 });
  });

  test('holds a write up while there is no room, until nobody waits any more', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }));
    const giveUp = new AbortController();
    const writing = sink.write(batchOf(numbered(15)), giveUp.signal);
    // Counted only once the write has ended.
    assert.equal(endsOf(sink).ended[NOT_SENT], undefined);
    giveUp.abort();
    await writing;
    assert.equal(endsOf(sink).ended[NOT_SENT], 5);
    await sink.flush(giveUp.signal);
  });
});
