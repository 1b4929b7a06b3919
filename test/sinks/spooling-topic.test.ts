import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import type { Logger } from 'pino';

import { RenewedProducer } from '#kcap/kafka/renewed-producer.js';
import { SpoolingTopicSink } from '#kcap/sinks/spooling-topic.js';
import { UserError } from '#kcap/errors/user-error.js';
import type { BatchProducer } from '#kcap/kafka/batch-producer.js';
import type { ClientFacts } from '#kcap/kafka/client-facts.js';
import { Spool } from '#kcap/spool/spool.js';
import { SpoolFolder } from '#kcap/spool/spool-folder.js';

import { AT_ONCE, InMemoryKafka, NEVER, readPackets } from '../kafka/in-memory.js';
import { keptLog } from '../kafka/log.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
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
    const { in: taken, outcomes, spool } = sink.account();
    assert.deepEqual([taken.packets, spool], [20, folder]);
    assert.match(outcomes.get('spooled')?.cause.text ?? '', new RegExp(folder));
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

  test('spools from its start while nobody answers, and sends it once somebody does', async (t) => {
    const kafka = new InMemoryKafka(t, 3);
    const { spool, log, messages } = await spoolOf(t, await tempFolder(t));
    const asked: number[] = [];
    const producer = new RenewedProducer({
      adapt: () => Promise.resolve(),
      make: (partitions) => {
        asked.push(partitions);
        return producerOf(kafka, AT_ONCE);
      },
      start: { problem: new UserError('connect to nobody', 'no answer', { remedy: 'wait' }) },
      facts: factsOf(kafka),
    });
    const sink = new SpoolingTopicSink(producer, spool, optionsWith(log));
    t.after(() => sink.close());
    await sink.write(batchOf(numbered(20)), NEVER);
    assert.equal(endsOf(sink).out + (endsOf(sink).ended['spooled'] ?? 0), 20);
    await sink.flush(NEVER);
    assert.deepEqual([endsOf(sink).out, spool.hasFiles], [20, false]);
    // Made anew for as many as there turned out to be.
    assert.deepEqual(asked, [1, 3]);
    assert.match(messages().join(), /connect to nobody: no answer: packets go to .*; wait/);
  });

  test('puts back on disk whatever Kafka refuses, and sends it in order once it is taken', async (t) => {
    const kafka = new InMemoryKafka(t);
    const { spool, log, messages } = await spoolOf(t, await tempFolder(t));
    // What is refused comes back as what times out does: with an error that is not the packet's.
    const refusing = { ...NOBODY, 'message.timeout.ms': '50' };
    let made = 0;
    const producer = new RenewedProducer({
      adapt: () => Promise.resolve(),
      make: () => producerOf(kafka, made++ === 0 ? refusing : AT_ONCE),
      start: { partitions: 1, roundTripMs: 0 },
      facts: factsOf(kafka),
    });
    const sink = new SpoolingTopicSink(producer, spool, optionsWith(log));
    t.after(() => sink.close());
    await sink.write(batchOf(numbered(150)), NEVER);
    await waitFor(() => spool.waiting === 150, { limitMs: 10_000, what: 'packets to come back' });
    await sink.write(batchOf(numbered(50, { first: 150 })), NEVER);
    await sink.flush(NEVER);
    const { out, ended } = endsOf(sink);
    assert.deepEqual([out, ended, spool.hasFiles], [200, {}, false]);
    assert.match(
      messages().join(),
      /send to topic packets: .*: packets go to .* until Kafka takes/,
    );
    assert.deepEqual(await readPackets(kafka.consumer({ end: 200 })), numbered(200));
  });

  test('gives nothing to a producer that was refused before it had opened', async (t) => {
    const kafka = new InMemoryKafka(t);
    const { spool, log } = await spoolOf(t, await tempFolder(t));
    const first = producerOf(kafka, { ...NOBODY, 'message.timeout.ms': '50' });
    let refusal: UserError | undefined;
    let onFailure: () => void = () => undefined;
    // It says only once that it is refused.
    first.onFailure = (listener) => (onFailure = listener);
    Object.defineProperty(first, 'failure', { get: () => refusal });
    first.partitions = () => Promise.resolve(1);
    let made = 0;
    const producer = new RenewedProducer({
      adapt: (adapted) => {
        if (adapted === first) {
          refusal = new UserError('send to topic packets', 'refused');
          onFailure();
        }
        return Promise.resolve();
      },
      make: () => (made++ === 0 ? first : producerOf(kafka, AT_ONCE)),
      start: { problem: new UserError('connect to nobody', 'no answer') },
      facts: factsOf(kafka),
    });
    const sink = new SpoolingTopicSink(producer, spool, optionsWith(log));
    t.after(() => sink.close());
    await sink.write(batchOf(numbered(150)), NEVER);
    await waitFor(() => sink.account().out.packets === 150, {
      limitMs: 10_000,
      what: 'deliveries',
    });
    assert.equal(first.counters().accepted, 0);
  });

  test('keeps apart what is refused for its own sake, and counts it as failed', async (t) => {
    const folder = await tempFolder(t);
    const properties = { ...AT_ONCE, 'message.max.bytes': '1000' };
    const sink = await sinkOf(t, new InMemoryKafka(t), properties, folder);
    await sink.write(batchOf([...numbered(2), ...numbered(1, { bytes: 1001 })]), NEVER);
    await sink.flush(NEVER);
    const { out, ended } = endsOf(sink);
    assert.deepEqual([out, ended], [2, { 'larger-than-client-takes': 1 }]);
    assert.deepEqual(
      (await readdir(folder)).map((name) => name.replace(/\d+/, 'N')),
      ['packets@N.pcap.refused', 'packets@lock'],
    );
  });

  test('counts what can not be put on disk, asks for the end, and says why', async (t) => {
    const folder = await tempFolder(t);
    const properties = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const sink = await sinkOf(t, new InMemoryKafka(t), properties, folder);
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    let failures = 0;
    sink.onFailure(() => failures++);
    await sink.write(batchOf(numbered(15)), NEVER);
    assert.equal(failures, 1);
    assert.equal(endsOf(sink).ended['no-room-in-spool'], 5);
    await assert.rejects(sink.write(batchOf(numbered(1)), NEVER), /^UserError: spool .*: ENOTDIR/);
    await assert.rejects(sink.flush(AbortSignal.abort()), /ENOTDIR/);
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

async function sinkOf(
  t: TestContext,
  kafka: InMemoryKafka,
  properties: Record<string, string>,
  folder: string,
  { limitBytes = 1e6, sourceWaits = false } = {},
): Promise<SpoolingTopicSink> {
  const { spool, log } = await spoolOf(t, folder, limitBytes);
  const producer = new RenewedProducer({
    adapt: () => Promise.resolve(),
    make: () => producerOf(kafka, properties),
    start: { partitions: 1, roundTripMs: 0 },
    facts: factsOf(kafka),
  });
  const sink = new SpoolingTopicSink(producer, spool, { ...optionsWith(log), sourceWaits });
  t.after(() => sink.close());
  return sink;
}

async function spoolOf(t: TestContext, folder: string, limitBytes = 1e6) {
  const { log, records } = keptLog();
  const options = { limitBytes, keepsInterface: false };
  const spool = await Spool.open(await SpoolFolder.open(folder, 'packets'), options, log);
  t.after(() => spool.close());
  return { spool, log, messages: () => records.map(({ msg }) => String(msg)) };
}

function optionsWith(log: Logger) {
  return { drainTimeoutMs: 10_000, sourceWaits: false, log };
}

function producerOf(kafka: InMemoryKafka, properties: Record<string, string>): BatchProducer {
  return kafka.producer({ properties, keepsUndelivered: true });
}

function factsOf(kafka: InMemoryKafka): ClientFacts {
  const properties = new Map([['bootstrap.servers', kafka.address]]);
  return { role: 'producer', topic: kafka.topic, properties };
}
