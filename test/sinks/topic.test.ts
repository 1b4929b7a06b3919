import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TopicSink } from '#kcap/sinks/topic.js';

import { AT_ONCE, InMemoryKafka, NEVER, readPackets } from '../kafka/in-memory.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { endsOf } from '../pipeline/ends.js';

const PURGED = 'local-purged-in-queue';
const NOBODY = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };

testsOfSink('a topic', {
  make: (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = new TopicSink(kafka.producer({ properties: AT_ONCE }), 10_000);
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
    const sink = new TopicSink(kafka.producer(), 10_000);
    await sink.write(batchOf(numbered(500)), NEVER);
    await sink.flush(NEVER);
    assert.equal(endsOf(sink).out, 500);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 500 })), numbered(500));
  });
});

describe('a topic whose broker is away', () => {
  test('gives its packets up when the drain timeout is over, and counts them by cause', async (t) => {
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties: NOBODY }), 200);
    await sink.write(batchOf(numbered(5)), NEVER);
    await sink.flush(NEVER);
    assert.deepEqual(endsOf(sink), { out: 0, bytesOut: 0, ended: { [PURGED]: 5 } });
  });

  test('gives them up at once where nobody waits any more', async (t) => {
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties: NOBODY }), 60_000);
    await sink.write(batchOf(numbered(5)), NEVER);
    await sink.flush(AbortSignal.abort());
    assert.equal(endsOf(sink).ended[PURGED], 5);
  });

  test('counts also those for which there was no room', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }), 60_000);
    const gaveUp = AbortSignal.abort();
    await sink.write(batchOf(numbered(15)), gaveUp);
    await sink.write(batchOf(numbered(4)), gaveUp);
    await sink.flush(gaveUp);
    assert.deepEqual(endsOf(sink).ended, { [PURGED]: 10, 'not-sent-in-time': 9 });
  });

  test('holds a write up while there is no room, until nobody waits any more', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = new TopicSink(new InMemoryKafka(t).producer({ properties }), 60_000);
    const giveUp = new AbortController();
    const writing = sink.write(batchOf(numbered(15)), giveUp.signal);
    // Counted only once the write has ended.
    assert.equal(endsOf(sink).ended['not-sent-in-time'], undefined);
    giveUp.abort();
    await writing;
    assert.equal(endsOf(sink).ended['not-sent-in-time'], 5);
    await sink.flush(giveUp.signal);
  });
});
