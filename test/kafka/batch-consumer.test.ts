import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { BatchConsumer, OFFSET_BEGINNING, OFFSET_STORED } from '#kcap/kafka/batch-consumer.js';

import { batchOf, numbered } from '../packet/packets.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { sendMessages, watermarks } from '../support/topic.js';
import { AT_ONCE, InMemoryKafka, NEVER, readAll, readPackets } from './in-memory.js';
import { keptLog } from './log.js';

describe('a consumer of batches', () => {
  test('gives packets as they were sent, a batch for each run of one link type and precision', async (t) => {
    const kafka = new InMemoryKafka(t);
    const ethernet = numbered(3);
    const cooked = numbered(2, { first: 3 });
    const nanoseconds = numbered(2, { first: 5 }).map((packet) => ({
      ...packet,
      fraction: 999_999_999 - packet.fraction,
    }));
    const last = [{ seconds: 0xffffffff, fraction: 0, frame: Buffer.alloc(0), originalLength: 9 }];
    await kafka.send(
      batchOf(ethernet),
      batchOf(cooked, { linkType: 113 }),
      batchOf(nanoseconds, { linkType: 113, precision: 'nano' }),
      batchOf(last),
    );
    const snapLength = 262_144;
    const batches = await readAll(kafka.consumer({ end: 8 }));
    assert.deepEqual(
      batches.map(({ packets, link }) => ({ packets, link })),
      [
        { packets: ethernet, link: { linkType: 1, precision: 'micro', snapLength } },
        { packets: cooked, link: { linkType: 113, precision: 'micro', snapLength } },
        { packets: nanoseconds, link: { linkType: 113, precision: 'nano', snapLength } },
        { packets: last, link: { linkType: 1, precision: 'micro', snapLength } },
      ],
    );
  });

  test('begins a batch where the interface changes only where it is to tell of it', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ properties: AT_ONCE, namesInterface: true });
    const names = ['eth0', 'eth1', 'eth0'];
    for (const [first, name] of names.entries())
      await producer.send(batchOf(numbered(1, { first }), { interface: name }), NEVER);
    await producer.flush(10_000);
    const interfaces = async (tellsNames: boolean) =>
      (await readAll(kafka.consumer({ end: 3, tellsNames }))).map(({ link }) => link.interface);
    assert.deepEqual(await interfaces(true), names);
    assert.deepEqual(new Set(await interfaces(false)), new Set([undefined]));
  });

  test('says of each packet where it was, and of each partition where it goes on', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(5)));
    const partitions = [{ partition: 0, start: 2, end: 4 }];
    const [batch, ...others] = await readAll(kafka.consumer({ partitions }));
    assert.deepEqual(others, []);
    assert.deepEqual(batch?.packets, numbered(2, { first: 2 }));
    assert.deepEqual(batch.positions, [
      { partition: 0, offset: 2, passed: 0 },
      { partition: 0, offset: 3, passed: 0 },
    ]);
    assert.deepEqual(batch.next, [{ partition: 0, offset: 4, skip: 0 }]);
  });

  test('reads every partition to its end, each in its order', async (t) => {
    const kafka = new InMemoryKafka(t, 3);
    const producer = kafka.producer({
      // A partition gets what it is chosen for: with the default, all that is sent within 10 ms goes to the same one.
      properties: { ...AT_ONCE, 'sticky.partitioning.linger.ms': '0' },
    });
    await producer.send(batchOf(numbered(300)), NEVER);
    await producer.flush(10_000);
    kafka.lendToPeers();
    const ends = (await watermarks(kafka.topic)).map(({ highOffset }) => highOffset);
    const partitions = ends.map((end, partition) => ({ partition, start: 0, end }));
    const batches = await readAll(kafka.consumer({ partitions }));
    const positions = batches.flatMap((batch) => batch.positions);
    const offsetsOf = (id: number) =>
      positions.filter(({ partition }) => partition === id).map(({ offset }) => offset);
    assert.deepEqual(
      ends.map((_, partition) => offsetsOf(partition)),
      ends.map((end) => Array.from({ length: end }, (_, offset) => offset)),
    );
    assert.equal(positions.length, 300);
  });

  test('merges many partitions by time, of which some have much, some little and some nothing', async (t) => {
    const kafka = new InMemoryKafka(t, 40);
    const packets = numbered(4000);
    kafka.lendToPeers();
    await sendMessages(
      kafka.topic,
      packets.map(({ seconds, fraction, frame }, index) => {
        const key = Buffer.alloc(8);
        key.writeBigUInt64BE(BigInt(seconds) * 1_000_000n + BigInt(fraction));
        // Partitions 0 to 19: half of the packets are in the first, a quarter in the second, and so on.
        return { key, value: frame, partition: Math.min(Math.clz32(index * 2_654_435_761), 19) };
      }),
    );
    const ends = (await watermarks(kafka.topic)).map(({ highOffset }) => highOffset);
    const partitions = ends.map((end, partition) => ({ partition, start: OFFSET_BEGINNING, end }));
    const read = await readPackets(kafka.consumer({ partitions, inTimeOrder: true }));
    assert.deepEqual(
      read.map(({ seconds }) => seconds),
      packets.map(({ seconds }) => seconds),
    );
  });

  const ends: [where: string, start: number, end: number, packets: number][] = [
    ['before the end of the topic', 0, 2, 2],
    ['at the end of the topic', 0, 5, 5],
    ['at once in an empty range', 3, 3, 0],
    ['at once in a range that begins after its end', 5, 3, 0],
    ['where it begins at a logical offset', OFFSET_BEGINNING, 4, 4],
  ];
  for (const [where, start, end, packets] of ends) {
    test(`ends ${where}`, async (t) => {
      const kafka = new InMemoryKafka(t);
      await kafka.send(batchOf(numbered(5)));
      const consumer = kafka.consumer({ partitions: [{ partition: 0, start, end }] });
      assert.deepEqual(await readPackets(consumer), numbered(packets));
      assert.equal(await consumer.next(), null);
    });
  }

  test('takes packets without a link type for what the user says they are', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(1)), batchOf(numbered(1), { linkType: 113 }));
    const batches = await readAll(kafka.consumer({ end: 2, linkType: 101 }));
    assert.deepEqual(
      batches.map(({ link }) => link.linkType),
      [101, 113],
    );
  });

  test('takes what comes between usual packets for what it is', async (t) => {
    const kafka = new InMemoryKafka(t);
    const key = (us: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(us);
      return bytes;
    };
    const value = Buffer.from('a frame');
    const usual = (second: number) => ({ key: key(BigInt(second) * 1_000_000n), value });
    kafka.lendToPeers();
    await sendMessages(kafka.topic, [
      usual(1),
      { key: key(2_000_000n), value: null },
      usual(3),
      { key: key(2n ** 64n - 1n), value },
      usual(4),
      { key: 'no time', value, timestamp: 5000 },
      usual(6),
      { ...usual(7), headers: [['pcap-origlen', 'long']] },
      usual(8),
      { ...usual(9), headers: [['of-another', 'sender']] },
      { ...usual(10), headers: [['pcap-origlen', '99']] },
      { ...usual(11), value: Buffer.alloc(0) },
      usual(12),
      { ...usual(13), headers: [['pcap-linktype', '113']] },
      usual(14),
    ]);
    const batches = await readAll(kafka.consumer({ end: 15 }));
    assert.deepEqual(
      batches.flatMap(({ packets, link }) =>
        packets.map((packet) => [packet.seconds, link.linkType, packet.frame.length]),
      ),
      [
        ...[1, 3, 4, 5, 6, 7, 8, 9, 10].map((seconds) => [seconds, 1, value.length]),
        [11, 1, 0],
        ...[12, 13, 14].map((seconds) => [seconds, seconds === 13 ? 113 : 1, value.length]),
      ],
    );
    assert.deepEqual(
      batches.flatMap(({ packets }) => packets).filter((packet) => packet.originalLength === 99)
        .length,
      1,
    );
    const sum = (of: keyof (typeof batches)[number]['tally']) =>
      batches.reduce((total, { tally }) => total + tally[of], 0);
    assert.deepEqual(
      (['nullValues', 'timesOutOfRange', 'timesFromKafka', 'badHeaders', 'deleted'] as const).map(
        sum,
      ),
      [1, 1, 1, 1, 0],
    );
    assert.deepEqual(batches.at(-1)?.next, [{ partition: 0, offset: 15, skip: 0 }]);
  });

  test('gives a frame that is longer than a batch usually is, and says how long it may be', async (t) => {
    const kafka = new InMemoryKafka(t);
    const long = numbered(1, { bytes: 3 * 1024 * 1024 });
    const producer = kafka.producer({
      properties: { ...AT_ONCE, 'message.max.bytes': '10000000' },
    });
    for (const packets of [numbered(1), long, numbered(1)])
      await producer.send(batchOf(packets), NEVER);
    await producer.flush(10_000);
    const batches = await readAll(kafka.consumer({ end: 3 }));
    assert.deepEqual(
      batches.flatMap(({ packets }) => packets),
      [...numbered(1), ...long, ...numbered(1)],
    );
    assert.deepEqual(
      batches.map(({ link }) => link.snapLength),
      [262_144, 3 * 1024 * 1024, 262_144],
    );
  });

  test('fills a batch no further than usual after a frame that was longer', async (t) => {
    const kafka = new InMemoryKafka(t);
    const usual = 1024 * 1024;
    const producer = kafka.producer({
      properties: { ...AT_ONCE, 'message.max.bytes': '10000000' },
    });
    const long = numbered(2, { bytes: 1.5 * usual });
    const others = numbered(1600, { bytes: 1000 });
    for (const packets of [long, others]) await producer.send(batchOf(packets), NEVER);
    await producer.flush(10_000);
    const end = long.length + others.length;
    const consumer = kafka.consumer({ end });
    const sizes: number[] = [];
    for (let batch; (batch = await consumer.next()) !== null;) {
      sizes.push(batch.packets.bytes.length);
      // While a batch is held, the next one is filled as far as it can be.
      if (sizes.length <= long.length) await readAll(kafka.consumer({ end }));
    }
    const [first = 0, second = 0, ...rest] = sizes;
    assert.ok(Math.min(first, second) > usual);
    assert.ok(Math.max(...rest) <= usual, `${Math.max(...rest)} bytes`);
  });

  test('fills a batch as far as it is told', async (t) => {
    const kafka = new InMemoryKafka(t);
    const batchBytes = 10_000;
    const packets = numbered(500, { bytes: 100 });
    await kafka.send(batchOf(packets));
    const consumer = kafka.consumer({ end: packets.length, batchBytes });
    const sizes: number[] = [];
    for (let batch; (batch = await consumer.next()) !== null;)
      sizes.push(batch.packets.bytes.length);
    assert.ok(sizes.length >= 5, `${sizes.length} batches`);
    assert.ok(Math.max(...sizes) <= batchBytes, `${Math.max(...sizes)} bytes`);
  });

  test('stops waiting when it is asked to, and gives nothing more', async (t) => {
    const consumer = new InMemoryKafka(t).consumer();
    const waiting = consumer.next();
    consumer.stop();
    assert.equal(await waiting, null);
    assert.equal(await consumer.next(), null);
  });

  test('stops waiting when it is closed, which it may be twice', async (t) => {
    const consumer = new InMemoryKafka(t).consumer();
    const waiting = consumer.next();
    await consumer.close();
    assert.equal(await waiting, null);
    await consumer.close();
    assert.equal(await consumer.next(), null);
  });

  test('is closed soon where its group’s broker has gone', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(5)));
    const consumer = kafka.consumer({ group: 'team-a', shared: true });
    // The in-memory broker takes 3 s to let it join.
    const batch = await consumer.next();
    consumer.acknowledge(batch?.packets.origin?.next ?? []);
    kafka.endBroker();
    const asked = performance.now();
    await consumer.close();
    const took = performance.now() - asked;
    assert.ok(took < 3000, `${took} ms`);
  });

  test('takes no acknowledgement any more once it is closed', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(5)));
    const options = { group: 'team-a', shared: false };
    const first = kafka.consumer({ ...options, end: 5 });
    await readAll(first);
    await first.close();
    first.acknowledge([{ partition: 0, offset: 3, skip: 0 }]);
    const partitions = [{ partition: 0, start: OFFSET_STORED, end: 5 }];
    assert.deepEqual(await readPackets(kafka.consumer({ ...options, partitions })), numbered(5));
  });

  test('gives its memory back when it is closed', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(5)));
    const readAndClose = async () => {
      const consumer = kafka.consumer({ end: 5 });
      await readAll(consumer);
      await consumer.close();
      await collectGarbage();
    };
    await readAndClose();
    const { external } = process.memoryUsage();
    for (let turn = 0; turn < 5; turn++) await readAndClose();
    // One batch has more than this.
    assert.ok(process.memoryUsage().external - external < 1024 * 1024);
  });

  const acknowledgements: [what: string, offset: number | undefined, left: number][] = [
    ['after what was acknowledged', 3, 2],
    ['at the beginning where nothing was acknowledged', undefined, 5],
  ];
  for (const [what, offset, left] of acknowledgements) {
    test(`with a group, goes on ${what}`, async (t) => {
      const kafka = new InMemoryKafka(t);
      await kafka.send(batchOf(numbered(5)));
      // It need not join the group: the in-memory broker takes 3 s for that.
      const options = { group: 'team-a', shared: false };
      const first = kafka.consumer({ ...options, end: 5 });
      await readAll(first);
      if (offset !== undefined) first.acknowledge([{ partition: 0, offset, skip: 0 }]);
      await first.close();
      const partitions = [{ partition: 0, start: OFFSET_STORED, end: 5 }];
      const second = kafka.consumer({ ...options, partitions });
      assert.deepEqual(await readPackets(second), numbered(left, { first: 5 - left }));
    });
  }

  test('says what is wrong with its properties, as misuse', () => {
    const options = {
      topic: 't',
      shared: false,
      partitions: [],
      otherStart: 0,
      linkType: 1,
      keyUnit: 'us' as const,
      values: 'frame' as const,
      inTimeOrder: false,
      tellsNames: true,
      overridesCommitted: false,
      window: undefined,
    };
    const properties = new Map([['security.protocol', 'x']]);
    assert.throws(() => new BatchConsumer({ ...options, properties }, keptLog().log), {
      message: 'Kafka consumer: Invalid value "x" for configuration property "security.protocol"',
      exitStatus: 2,
    });
  });
});
