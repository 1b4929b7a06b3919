import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';

import { SpoolingTopicSink } from '#kcap/sinks/spooling-topic.js';
import { Spool } from '#kcap/spool/spool.js';
import { SpoolFolder } from '#kcap/spool/spool-folder.js';

import { AT_ONCE, InMemoryKafka, NEVER, readPackets } from '../kafka/in-memory.js';
import { keptLog } from '../kafka/log.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { tempFolder } from '../support/temp-folder.js';
import { endsOf } from '../pipeline/ends.js';

const NOBODY = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };

testsOfSink('a topic with a spool', {
  make: async (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = await sinkOf(t, kafka, AT_ONCE, await tempFolder(t));
    return { sink, out: () => readPackets(kafka.consumer({ end: endsOf(sink).out })) };
  },
  seen: (packet) => packet,
});

describe('a topic with a spool', () => {
  test('leaves on disk what no broker takes, and sends it first another time', async (t) => {
    const kafka = new InMemoryKafka(t);
    const folder = await tempFolder(t);
    const small = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = await sinkOf(t, kafka, small, folder);
    await sink.write(batchOf(numbered(15)), NEVER);
    await sink.write(batchOf(numbered(5, { first: 15 })), NEVER);
    await sink.flush(AbortSignal.abort());
    assert.deepEqual(endsOf(sink), { out: 0, bytesOut: 0, ended: { spooled: 20 } });
    assert.match(sink.account().outcomes.get('spooled')?.cause.text ?? '', new RegExp(folder));
    await sink.close();

    const later = await sinkOf(t, kafka, AT_ONCE, folder);
    await later.write(batchOf(numbered(5, { first: 20 })), NEVER);
    await later.flush(NEVER);
    assert.equal(endsOf(later).out, 25);
    assert.equal(later.account().in.packets, 25);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 25 })), numbered(25));
  });

  test('puts nothing on disk where packets can wait for brokers that are only slow', async (t) => {
    const kafka = new InMemoryKafka(t);
    const folder = await tempFolder(t);
    const properties = { ...AT_ONCE, 'queue.buffering.max.messages': '10', 'linger.ms': '200' };
    const sink = await sinkOf(t, kafka, properties, folder, { sourceWaits: true });
    await sink.write(batchOf(numbered(50)), NEVER);
    assert.deepEqual(await readdir(folder), ['packets@lock']);
    await sink.flush(NEVER);
    assert.equal(endsOf(sink).out, 50);
  });

  test('counts what can not be put on disk, asks for the end, and says why', async (t) => {
    const folder = await tempFolder(t);
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = await sinkOf(t, new InMemoryKafka(t), properties, folder);
    await rm(folder, { recursive: true });
    failures = 0;
    await sink.write(batchOf(numbered(15)), NEVER);
    assert.equal(failures, 1);
    assert.equal(endsOf(sink).ended['no-room-in-spool'], 5);
    await assert.rejects(sink.write(batchOf(numbered(1)), NEVER), /^UserError: spool .*: ENOENT/);
    await assert.rejects(sink.flush(AbortSignal.abort()), /ENOENT/);
    assert.equal(endsOf(sink).ended['no-room-in-spool'], 15);
  });

  test('counts what finds no room there when nobody waits any more', async (t) => {
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = await sinkOf(t, new InMemoryKafka(t), properties, await tempFolder(t), {
      limitBytes: 1000,
    });
    await sink.write(batchOf(numbered(20)), NEVER);
    await sink.write(batchOf(numbered(80, { first: 20 })), AbortSignal.abort());
    await sink.flush(AbortSignal.abort());
    assert.deepEqual(endsOf(sink).ended, { 'no-room-in-spool': 80, spooled: 20 });
  });
});

let failures = 0;

async function sinkOf(
  t: TestContext,
  kafka: InMemoryKafka,
  properties: Record<string, string>,
  folder: string,
  { limitBytes = 1e6, sourceWaits = false } = {},
): Promise<SpoolingTopicSink> {
  const { log } = keptLog();
  const spool = await Spool.open(
    await SpoolFolder.open(folder, 'packets'),
    { limitBytes, keepsInterface: false },
    log,
  );
  const options = { drainTimeoutMs: 10_000, sourceWaits, onFailure: () => failures++, log };
  const sink = new SpoolingTopicSink(kafka.producer({ properties }), spool, options);
  t.after(() => sink.close());
  return sink;
}
