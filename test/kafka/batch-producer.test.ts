import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { BatchProducer } from '#kcap/kafka/batch-producer.js';

import { batchOf, numbered, packetsIn, recordsOf } from '../packet/packets.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { readMessages } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';
import { AT_ONCE, InMemoryKafka, NEVER, packetsById, readPackets } from './in-memory.js';
import { keptLog } from './log.js';

/** A port that nothing listens on. */
const NOBODY = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };

/** What becomes of packets that nobody took, with the reason. */
const NOT_DELIVERED =
  'not delivered before the drain timeout: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused';

describe('a producer of batches', () => {
  test('makes a message of each packet, with headers only where a packet is not plain', async (t) => {
    const kafka = new InMemoryKafka(t);
    const frame = Buffer.from('frame');
    const packet = { seconds: 1_700_000_000, fraction: 123_456, frame };
    await kafka.send(
      batchOf([packet, { ...packet, frame: Buffer.alloc(0) }, { ...packet, originalLength: 1514 }]),
      batchOf([packet], { linkType: 113 }),
      batchOf([{ ...packet, fraction: 123_456_789 }], { precision: 'nano' }),
      batchOf([{ ...packet, fraction: 5000, originalLength: 0 }], {
        linkType: 0,
        precision: 'nano',
      }),
    );
    kafka.lendToPeers();
    const messages = await readMessages(kafka.topic);
    const key = keyOf(1_700_000_000_123_456n);
    const plain = { key, value: frame, timestamp: 1_700_000_000_123, headers: [], partition: 0 };
    assert.deepEqual(messages, [
      { ...plain, offset: 0 },
      { ...plain, value: Buffer.alloc(0), offset: 1 },
      { ...plain, headers: [header('pcap-origlen', '1514')], offset: 2 },
      { ...plain, headers: [header('pcap-linktype', '113')], offset: 3 },
      { ...plain, headers: [header('pcap-nanos', '789')], offset: 4 },
      {
        ...plain,
        key: keyOf(1_700_000_000_000_005n),
        timestamp: 1_700_000_000_000,
        headers: [header('pcap-linktype', '0'), header('pcap-nanos', '0')],
        offset: 5,
      },
    ]);
  });

  test('stamps messages with the time of sending where it is told so', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ timestamp: 'now', properties: AT_ONCE });
    const before = Date.now();
    await producer.send(batchOf(numbered(1)), NEVER);
    await producer.flush(10_000);
    const after = Date.now();
    kafka.lendToPeers();
    const [message] = await readMessages(kafka.topic);
    assert.ok(message && message.timestamp >= before && message.timestamp <= after);
    assert.equal(message.key?.readBigUInt64BE(), 1_700_000_000_000_000n);
  });

  test('has copied a batch once it is sent: its memory may hold the next one', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ properties: AT_ONCE });
    const batch = batchOf(numbered(100));
    await producer.send(batch, NEVER);
    batch.bytes.fill(0xee);
    await producer.flush(10_000);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 100 })), numbered(100));
  });

  test('counts what the broker has acknowledged', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ properties: AT_ONCE });
    const nothing = {
      ...{ accepted: 0, delivered: 0, deliveredBytes: 0, failed: 0, failures: [] },
      ...{ underWay: 0, settled: 0 },
    };
    assert.deepEqual(producer.counters(), nothing);
    const batch = batchOf(numbered(10));
    assert.equal(await producer.send(batch, NEVER), batch.bytes.length);
    assert.equal(await producer.flush(10_000), 0);
    const sent = { ...nothing, accepted: 10, delivered: 10, deliveredBytes: 609, settled: 10 };
    assert.deepEqual(producer.counters(), sent);
    await producer.close();
    assert.deepEqual(producer.counters(), sent);
  });

  test('gives back what was not delivered, as it came, with the facts of its links', async (t) => {
    const producer = new InMemoryKafka(t, 3).producer({
      properties: { ...AT_ONCE, 'linger.ms': '60000' },
      namesInterface: true,
    });
    // Once the partitions are known, messages wait in each of them.
    await producer.send(batchOf(numbered(1)), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const batches = [
      batchOf(numbered(2000)),
      batchOf(numbered(3, { first: 2000 }), { precision: 'nano', interface: 'eth0' }),
      batchOf(numbered(2, { first: 2003 }), { linkType: 113 }),
    ];
    for (const batch of batches) await producer.send(batch, NEVER);
    assert.equal(producer.counters().underWay, 2005);
    assert.equal(producer.counters().settled, 1);
    const withdrawn = await producer.withdraw();
    assert.deepEqual(
      withdrawn.map(({ link }) => [link.linkType, link.precision, link.interface]),
      [
        [1, 'micro', undefined],
        [1, 'nano', 'eth0'],
        [113, 'micro', undefined],
      ],
    );
    assert.deepEqual(
      withdrawn.flatMap(({ bytes }) => packetsIn(bytes)),
      numbered(2005),
    );
    const { underWay, settled, failed, delivered } = producer.counters();
    assert.deepEqual([underWay, settled, failed, delivered], [0, 2006, 0, 1]);
    assert.deepEqual(await producer.withdraw(), []);
  });

  test('gives back what fails for no fault of its own, and says once that it can send no more', async (t) => {
    const properties = { ...NOBODY, 'message.timeout.ms': '50' };
    const producer = new InMemoryKafka(t).producer({ properties, keepsUndelivered: true });
    let failures = 0;
    producer.onFailure(() => failures++);
    await producer.send(batchOf(numbered(5)), NEVER);
    await waitFor(() => producer.counters().underWay === 0, {
      limitMs: 5000,
      what: 'the messages to time out',
    });
    await waitFor(() => failures > 0, { limitMs: 5000, what: 'the failure to be said' });
    const [returned, ...others] = await producer.withdraw();
    assert.ok(returned);
    assert.equal(others.length, 0);
    assert.deepEqual(packetsIn(returned.bytes), numbered(5));
    assert.deepEqual([...returned.numbers], [1, 2, 3, 4, 5]);
    assert.deepEqual([producer.counters().failed, failures], [0, 1]);
    assert.match(producer.failure?.message ?? '', /^send to topic packets: .*timed out/);
  });

  test('keeps the packets that are refused for their own sake, which have failed', async (t) => {
    const kafka = new InMemoryKafka(t);
    const properties = { ...AT_ONCE, 'message.max.bytes': '1000' };
    const producer = kafka.producer({ properties, keepsUndelivered: true });
    const long = numbered(1, { first: 1, bytes: 1001 });
    await producer.send(batchOf([...numbered(1), ...long], { linkType: 113 }), NEVER);
    await producer.flush(10_000);
    const { failures } = producer.counters();
    assert.deepEqual(packetsById(failures), { 'larger-than-client-takes': 1 });
    assert.equal(producer.counters().delivered, 1);
    const [refused] = producer.takeRefused();
    assert.ok(refused);
    assert.deepEqual(packetsIn(refused.bytes), long);
    assert.equal(refused.link.linkType, 113);
    assert.deepEqual(producer.takeRefused(), []);
    assert.equal(producer.failure, undefined);
  });

  test('knows how many partitions its topic has, once somebody answers', async (t) => {
    const kafka = new InMemoryKafka(t, 3);
    assert.equal(await kafka.producer({ properties: AT_ONCE }).partitions(10_000), 3);
    assert.equal(await kafka.producer({ properties: NOBODY }).partitions(100), undefined);
  });

  test('reports every so many deliveries one, and says when there are some', async (t) => {
    const producer = new InMemoryKafka(t).producer({ reportEvery: 3, properties: AT_ONCE });
    let said = 0;
    producer.onReports(() => said++);
    await producer.send(batchOf(numbered(7)), NEVER);
    await producer.flush(10_000);
    await waitFor(() => said > 0, { limitMs: 5000, what: 'the reports to be announced' });
    assert.deepEqual(producer.takeReports(), [
      { number: 3, time: 1_700_000_002_000_002, partition: 0, offset: 2, length: 62 },
      { number: 6, time: 1_700_000_005_000_005, partition: 0, offset: 5, length: 62 },
    ]);
    assert.deepEqual(producer.takeReports(), []);
  });

  const slow = { ...AT_ONCE, 'linger.ms': '60000' };

  test('sends the packets of a slow stream without waiting for others', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ properties: slow, pushIntervalMs: 20, fullBytes: 1e6 });
    for (let sent = 1; sent <= 3; sent++) {
      await producer.send(batchOf(numbered(1)), NEVER);
      await waitFor(() => producer.counters().delivered === sent, {
        limitMs: 5000,
        what: `packet ${sent} to be delivered`,
      });
    }
  });

  test('sends the rest of a burst that has filled requests, too', async (t) => {
    const kafka = new InMemoryKafka(t);
    const properties = { ...slow, 'batch.num.messages': '100' };
    const producer = kafka.producer({ properties, pushIntervalMs: 20, fullBytes: 1000 });
    await producer.send(batchOf(numbered(150)), NEVER);
    await waitFor(() => producer.counters().delivered === 150, {
      limitMs: 5000,
      what: 'the burst to be delivered',
    });
  });

  test('waits while its queue is full, and loses nothing', async (t) => {
    const kafka = new InMemoryKafka(t);
    // Room for ten packets, which are sent after a quarter of a second.
    const small = { ...AT_ONCE, 'queue.buffering.max.messages': '10', 'linger.ms': '250' };
    const producer = kafka.producer({ properties: small });
    const batch = batchOf(numbered(20));
    assert.equal(await producer.send(batch, NEVER), batch.bytes.length);
    await producer.flush(10_000);
    const { delivered, failed } = producer.counters();
    assert.deepEqual({ delivered, failed }, { delivered: 20, failed: 0 });
    assert.deepEqual(await readPackets(kafka.consumer({ end: 20 })), numbered(20));
  });

  test('holds what the addon is sending, also where nobody else holds it any more', async (t) => {
    const kafka = new InMemoryKafka(t);
    const properties = {
      ...AT_ONCE,
      'bootstrap.servers': kafka.address,
      // Room for ten packets; the others are read when there is room again.
      'queue.buffering.max.messages': '10',
      'linger.ms': '70',
    };
    const producer = new addon.BatchProducer({
      properties: Object.entries(properties),
      topic: kafka.topic,
      timestamp: 'now',
      mayFillQueue: true,
      pushIntervalMs: 0,
      fullBytes: 0,
      headers: [],
      flowPartitions: 0,
      keysChoose: false,
      packBytes: 0,
      packAgeMs: 0,
      reportEvery: 0,
      onEvent: () => undefined,
    });
    t.after(() => producer.close());
    const packets = () => numbered(20, { bytes: 10_000 });
    // In a function of its own, so that nothing of it is left here.
    const produce = () => producer.produce(recordsOf(packets()), 1, false);
    const sent = [];
    // Where there was no room in time, that was nothing.
    for (let accepted = 0; accepted <= 10;) {
      const before = producer.counters().accepted;
      const produced = produce();
      await collectGarbage();
      await produced;
      await producer.flush(10_000);
      accepted = producer.counters().accepted - before;
      sent.push(...packets().slice(0, accepted));
    }
    assert.deepEqual(await readPackets(kafka.consumer({ end: sent.length })), sent);
  });

  test('says how much it took where its queue is full and nobody waits any more', async (t) => {
    const small = { ...NOBODY, 'queue.buffering.max.messages': '10' };
    const producer = new InMemoryKafka(t).producer({ properties: small });
    const batch = batchOf(numbered(100, { bytes: 60 }));
    const taken = await producer.send(batch, AbortSignal.abort());
    assert.equal(packetsIn(batch.bytes.subarray(0, taken)).length, 10);
    assert.equal(producer.counters().accepted, 10);
    await producer.purge();
  });

  test('gives up what is not delivered, and counts it with its cause', async (t) => {
    const producer = new InMemoryKafka(t).producer({ properties: NOBODY });
    await producer.send(batchOf(numbered(5)), NEVER);
    assert.equal(await producer.flush(0), 5);
    await producer.purge();
    assert.equal(await producer.flush(0), 0);
    const { delivered, failed, failures } = producer.counters();
    assert.deepEqual({ delivered, failed }, { delivered: 0, failed: 5 });
    assert.deepEqual(packetsById(failures), { 'not-delivered-in-time': 5 });
  });

  test('says a cause of failure once in a while, why nothing is delivered, and counts', async () => {
    const { log, records } = keptLog();
    const options = { topic: 't', reportEvery: 0 } as const;
    const properties = new Map(Object.entries({ ...NOBODY, 'message.max.bytes': '1000' }));
    const producer = new BatchProducer(
      {
        ...options,
        timestamp: 'now',
        mayFillQueue: true,
        pushIntervalMs: 0,
        fullBytes: 0,
        headers: [],
        namesInterface: false,
        properties,
      },
      log,
    );
    const two = () => batchOf([...numbered(1), ...numbered(2, { bytes: 1001 })]);
    await producer.send(two(), NEVER);
    const said = (wanted: string) =>
      records.filter(({ level }) => level === wanted).map(({ msg }) => msg);
    const errors = () => said('error');
    await waitFor(() => /Connection refused/.test(said('warn').join()), {
      limitMs: 5000,
      what: 'what is wrong with the connection',
    });
    await waitFor(() => errors().length > 0, { limitMs: 5000, what: 'the failure to be said' });
    await producer.send(two(), NEVER);
    await producer.purge();
    await waitFor(() => errors().length > 1, { limitMs: 5000, what: 'the next one to be said' });
    assert.deepEqual(errors(), [
      'packets are not delivered: larger than message.max.bytes allows (1000); cut packets with -s, or raise -X message.max.bytes',
      `packets are not delivered: ${NOT_DELIVERED}`,
    ]);
    const { failures } = producer.counters();
    assert.deepEqual(packetsById(failures), {
      'larger-than-client-takes': 4,
      'not-delivered-in-time': 2,
    });
    assert.equal(failures[1]?.cause.text, NOT_DELIVERED);
    await producer.close();
  });

  test('refuses to send once it is closed, which it may be twice', async (t) => {
    const producer = new InMemoryKafka(t).producer();
    await producer.close();
    await producer.close();
    await assert.rejects(producer.send(batchOf(numbered(1)), NEVER), /producer is closed/);
  });

  test('settles what was asked for right before it is closed', async (t) => {
    const producer = new InMemoryKafka(t).producer();
    const flushing = producer.flush(100);
    const closing = producer.close();
    // Done, or refused where it was not begun.
    await flushing.catch((error: unknown) => {
      assert.match(String(error), /producer is closed/);
    });
    await closing;
  });

  test('refuses a topic that librdkafka has no room for', (t) => {
    const kafka = new InMemoryKafka(t);
    assert.throws(() => kafka.producer({ topic: 't'.repeat(513) }), {
      message: 'Kafka producer: settings of the topic: Local: Invalid argument or configuration',
    });
  });

  test('says what is wrong with its properties, as misuse', () => {
    const options = { topic: 't', reportEvery: 0 } as const;
    const properties = new Map([['security.protocol', 'x']]);
    assert.throws(
      () =>
        new BatchProducer(
          {
            ...options,
            timestamp: 'now',
            mayFillQueue: true,
            pushIntervalMs: 0,
            fullBytes: 0,
            headers: [],
            namesInterface: false,
            properties,
          },
          keptLog().log,
        ),
      {
        message: 'Kafka producer: Invalid value "x" for configuration property "security.protocol"',
        exitStatus: 2,
      },
    );
  });
});

/** Microseconds since 1970, 8 bytes, big-endian. */
function keyOf(microseconds: bigint): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(microseconds);
  return key;
}

function header(name: string, value: string): [name: string, value: Buffer] {
  return [name, Buffer.from(value)];
}
