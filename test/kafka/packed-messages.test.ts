import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { firstPackets } from '#kcap/packet/packet-batch.js';

import { batchOf, numbered, packetsIn } from '../packet/packets.js';
import { type PcapPacket, pcapFile, readPcap } from '../support/pcap-file.js';
import { readMessages, sendMessages, type StoredMessage } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';
import { AT_ONCE, InMemoryKafka, NEVER, packetsById, readAll, readPackets } from './in-memory.js';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Nothing is sent because of its age. */
const NEVER_MS = 3_600_000;

function pack(bytes: number, ageMs = NEVER_MS) {
  return { pack: { bytes, ageMs, mayGrow: false }, properties: AT_ONCE };
}

function bytesOf(packets: readonly PcapPacket[]): number {
  return packets.reduce(
    (sum, { frame }) => sum + RECORD_HEADER_BYTES + frame.length,
    FILE_HEADER_BYTES,
  );
}

/** What a packed message holds. */
function packOf({ key, value, headers, timestamp }: StoredMessage) {
  assert.ok(key && value);
  const { packets, header } = readPcap(value);
  return {
    keyUs: Number(key.readBigUInt64BE()),
    timestamp,
    packets,
    header,
    headers: headers.map(([name, text]) => [name, text.toString()]),
  };
}

async function packsIn(kafka: InMemoryKafka) {
  kafka.lendToPeers();
  return (await readMessages(kafka.topic)).map(packOf);
}

function timeUs({ seconds, fraction }: PcapPacket): number {
  return seconds * 1e6 + fraction;
}

describe('a producer of packs', () => {
  test('makes a pcap file of as many packets as fit, with the time of the first as the key', async (t) => {
    const kafka = new InMemoryKafka(t);
    const packets = numbered(7);
    const producer = kafka.producer(pack(bytesOf(packets.slice(0, 3))));
    await producer.send(batchOf(packets.slice(0, 4)), NEVER);
    await producer.send(batchOf(packets.slice(4)), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const made = await packsIn(kafka);
    assert.deepEqual(
      made.map((one) => one.packets),
      [packets.slice(0, 3), packets.slice(3, 6), packets.slice(6)],
    );
    for (const { packets, keyUs, timestamp, headers, header } of made) {
      const [first, last] = [packets[0], packets.at(-1)];
      assert.ok(first && last);
      assert.equal(keyUs, timeUs(first));
      assert.equal(timestamp, Math.floor(timeUs(last) / 1000));
      assert.deepEqual(headers, [['pcap-packed', String(packets.length)]]);
      assert.deepEqual(header, {
        ...{ precision: 'micro', byteOrder: 'little', linkType: 1, snapLength: 262_144 },
      });
    }
    const { delivered, deliveredBytes, underWay } = producer.counters();
    const frames = packets.reduce((sum, { frame }) => sum + frame.length, 0);
    assert.deepEqual([delivered, deliveredBytes, underWay], [7, frames, 0]);
  });

  test('begins another pack where the link type, the precision or the interface is another', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ ...pack(65_536), namesInterface: true });
    const links = [
      { linkType: 1, interface: 'eth0' },
      { linkType: 1, interface: 'eth1' },
      { linkType: 113, interface: 'eth1' },
      { linkType: 113, interface: 'eth1', precision: 'nano' },
    ] as const;
    for (const link of links) await producer.send(batchOf(numbered(2), link), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    assert.deepEqual(
      (await packsIn(kafka)).map(({ header, headers }) => [
        header.linkType,
        header.precision,
        ...headers.flat(),
      ]),
      [
        [1, 'micro', 'pcap-packed', '2', 'pcap-interface', 'eth0'],
        [1, 'micro', 'pcap-packed', '2', 'pcap-interface', 'eth1'],
        [113, 'micro', 'pcap-packed', '2', 'pcap-interface', 'eth1'],
        [113, 'nano', 'pcap-packed', '2', 'pcap-interface', 'eth1'],
      ],
    );
  });

  test('gives a packet that is longer than a pack one of its own', async (t) => {
    const kafka = new InMemoryKafka(t);
    const packets = [...numbered(2), ...numbered(1, { first: 2, bytes: 300_000 }), ...numbered(1)];
    const producer = kafka.producer(pack(1024));
    await producer.send(batchOf(packets), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const made = await packsIn(kafka);
    assert.deepEqual(
      made.map((one) => one.packets.length),
      [2, 1, 1],
    );
    assert.ok((made[1]?.header.snapLength ?? 0) >= 300_000);
  });

  test('sends a pack once its first packet has waited long enough', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ ...pack(65_536, 20), pushIntervalMs: 5 });
    await producer.send(batchOf(numbered(1)), NEVER);
    await waitFor(() => producer.counters().delivered === 1, { limitMs: 5000, what: 'delivery' });
  });

  test('stamps packs with the time of sending where it is told so', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ ...pack(65_536), timestamp: 'now' });
    const before = Date.now();
    await producer.send(batchOf(numbered(3)), NEVER);
    await producer.flush(10_000);
    const [made] = await packsIn(kafka);
    assert.ok(made && made.timestamp >= before && made.timestamp <= Date.now());
  });

  test('has a pack for each partition where flows are spread', async (t) => {
    const kafka = new InMemoryKafka(t, 4);
    const packets = numbered(200);
    const plain = new InMemoryKafka(t, 4);
    for (const [at, options] of [
      [kafka, pack(4096)],
      [plain, { properties: AT_ONCE }],
    ] as const) {
      const producer = at.producer({ ...options, flowPartitions: 4 });
      await producer.send(batchOf(packets), NEVER);
      assert.equal(await producer.flush(10_000), 0);
    }
    kafka.lendToPeers();
    const packed = (await readMessages(kafka.topic)).map((message) => ({
      ...packOf(message),
      partition: message.partition,
    }));
    plain.lendToPeers();
    const expected = await readMessages(plain.topic);
    for (let partition = 0; partition < 4; partition++)
      assert.deepEqual(
        packed
          .filter((one) => one.partition === partition)
          .flatMap((one) => one.packets.map((p) => p.frame)),
        expected.filter((one) => one.partition === partition).map(({ value }) => value),
      );
  });

  test('reports every Nth packet, whichever pack it came in', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ ...pack(bytesOf(numbered(4))), reportEvery: 3 });
    const packets = numbered(10);
    await producer.send(batchOf(packets), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    assert.deepEqual(
      producer
        .takeReports()
        .map(({ number, time, offset, length }) => [number, time, offset, length]),
      [3, 6, 9].map((number) => {
        const packet = packets[number - 1];
        assert.ok(packet);
        return [number, timeUs(packet), Math.floor((number - 1) / 4), packet.frame.length];
      }),
    );
  });

  test('gives back every packet that was not delivered, in its order', async (t) => {
    const kafka = new InMemoryKafka(t);
    const properties = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };
    const producer = kafka.producer({
      ...pack(bytesOf(numbered(3))),
      properties,
      keepsUndelivered: true,
    });
    const packets = numbered(8);
    await producer.send(batchOf(packets), NEVER);
    assert.equal(producer.counters().underWay, 8);
    const returned = await producer.withdraw();
    assert.deepEqual(
      returned.flatMap(({ bytes }) => packetsIn(bytes)),
      packets,
    );
    assert.deepEqual(
      returned.flatMap(({ numbers }) => [...numbers]),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    const { underWay, failed, settled } = producer.counters();
    assert.deepEqual([underWay, failed, settled], [0, 0, 8]);
  });

  test('counts packets, not packs, when they are given up', async (t) => {
    const kafka = new InMemoryKafka(t);
    const properties = { ...AT_ONCE, 'bootstrap.servers': '127.0.0.1:1' };
    const producer = kafka.producer({ ...pack(bytesOf(numbered(3))), properties });
    await producer.send(batchOf(numbered(8)), NEVER);
    await producer.purge();
    const { failed, failures, underWay } = producer.counters();
    assert.deepEqual([failed, underWay], [8, 0]);
    assert.deepEqual(packetsById(failures), { 'not-delivered-in-time': 8 });
  });

  test('fails only the packet that is larger than librdkafka takes', async (t) => {
    const kafka = new InMemoryKafka(t);
    const large = numbered(1, { first: 5, bytes: 3000 });
    const packets = [...numbered(5), ...large, ...numbered(5, { first: 6 })];
    const properties = { ...AT_ONCE, 'message.max.bytes': '2000' };
    const producer = kafka.producer({ ...pack(65_536), properties });
    await producer.send(batchOf(packets), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const { delivered, failed, failures } = producer.counters();
    assert.deepEqual([delivered, failed], [10, 1]);
    assert.deepEqual(packetsById(failures), { 'larger-than-client-takes': 1 });
    assert.deepEqual(
      (await packsIn(kafka)).flatMap((one) => one.packets),
      packets.filter((packet) => packet !== large[0]),
    );
  });
});

describe('a queue that is smaller', () => {
  const properties = { ...AT_ONCE, 'queue.buffering.max.kbytes': '2' };

  test('than a pack gets it in halves', async (t) => {
    const kafka = new InMemoryKafka(t);
    const packets = numbered(20, { bytes: 300 });
    const producer = kafka.producer({ ...pack(65_536), properties });
    await producer.send(batchOf(packets), NEVER);
    assert.equal(await producer.drain(() => true), 0);
    assert.equal(producer.counters().delivered, 20);
    assert.deepEqual(
      (await packsIn(kafka)).flatMap((one) => one.packets),
      packets,
    );
  });

  for (const [how, options] of [
    ['packed', pack(65_536)],
    ['plain', {}],
  ] as const)
    test(`than a packet fails it, ${how}`, async (t) => {
      const kafka = new InMemoryKafka(t);
      const producer = kafka.producer({ ...options, properties });
      await producer.send(
        batchOf([...numbered(1), ...numbered(1, { bytes: 5000 }), ...numbered(1)]),
        NEVER,
      );
      assert.equal(await producer.drain(() => true), 0);
      const { delivered, failures } = producer.counters();
      assert.equal(delivered, 2);
      assert.deepEqual(packetsById(failures), { 'larger-than-client-takes': 1 });
    });
});

describe('packs that are read', () => {
  const links = fc.record({
    linkType: fc.constantFrom(1, 101, 276),
    precision: fc.constantFrom('micro' as const, 'nano' as const),
    interface: fc.constantFrom(undefined, 'eth0', 'eth1'),
  });
  const packets = fc.array(
    fc
      .record({
        seconds: fc.integer({ min: 0, max: 0xffff_ffff }),
        fraction: fc.integer({ min: 0, max: 999_999 }),
        frame: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        cut: fc.integer({ min: 0, max: 1000 }),
      })
      .map(({ cut, ...packet }) => ({ ...packet, originalLength: packet.frame.length + cut })),
    { minLength: 1, maxLength: 60 },
  );

  test('are the packets that were packed, whatever they are', async (t) => {
    const kafka = new InMemoryKafka(t);
    let end = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(links, packets), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4000 }),
        async (batches, bytes) => {
          const producer = kafka.producer({ ...pack(bytes), namesInterface: true });
          for (const [link, some] of batches) await producer.send(batchOf(some, link), NEVER);
          assert.equal(await producer.flush(10_000), 0);
          const start = end;
          kafka.lendToPeers();
          end = (await readMessages(kafka.topic)).length;
          const consumer = kafka.consumer({ partitions: [{ partition: 0, start, end }] });
          const read = await readAll(consumer);
          await Promise.all([consumer.close(), producer.close()]);
          const told = read.flatMap(({ packets, link }) =>
            packets.map((packet) => [packet, link.linkType, link.precision, link.interface]),
          );
          assert.deepEqual(
            told,
            batches.flatMap(([link, some]) =>
              some.map((packet) => [packet, link.linkType, link.precision, link.interface]),
            ),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test('say of each packet how to go on after it', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer(pack(bytesOf(numbered(3))));
    await producer.send(batchOf(numbered(5)), NEVER);
    assert.equal(await producer.flush(10_000), 0);
    const consumer = kafka.consumer({ end: 2 });
    const batch = await consumer.next();
    assert.ok(batch);
    const nexts = [1, 2, 3, 4, 5].map((count) => firstPackets(batch.packets, count).origin?.next);
    const at = (offset: number, skip: number) => [{ partition: 0, offset, skip }];
    assert.deepEqual(nexts, [at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(2, 0)]);
  });

  test('are merged with plain messages by the times of their packets', async (t) => {
    const kafka = new InMemoryKafka(t, 2);
    const packets = numbered(90);
    const every = (turn: (index: number) => boolean) => packets.filter((_, index) => turn(index));
    // Runs of three and single packets, in turns.
    const packed = every((index) => index % 4 !== 3);
    kafka.lendToPeers();
    const file = (some: readonly PcapPacket[]) => pcapFile({ packets: some });
    await sendMessages(kafka.topic, [
      ...[packed.slice(0, 30), packed.slice(30)].map((some) => ({
        key: Buffer.alloc(8),
        value: file(some),
        headers: [['pcap-packed', String(some.length)] as const],
        partition: 0,
      })),
    ]);
    await sendMessages(
      kafka.topic,
      every((index) => index % 4 === 3).map((packet) => {
        const key = Buffer.alloc(8);
        key.writeBigUInt64BE(BigInt(timeUs(packet)));
        return { key, value: packet.frame, partition: 1 };
      }),
    );
    const ends = [0, 1].map((partition) => ({ partition, start: 0, end: 1000 }));
    const consumer = kafka.consumer({ inTimeOrder: true, partitions: ends });
    const read: PcapPacket[] = [];
    while (read.length < packets.length) {
      const batch = await consumer.next();
      assert.ok(batch);
      read.push(...packetsIn(batch.packets.bytes));
    }
    assert.deepEqual(
      read.map(({ seconds }) => seconds),
      packets.map(({ seconds }) => seconds),
    );
  });

  const whole = pcapFile({ packets: numbered(3) });
  const big = pcapFile({
    packets: numbered(3),
    byteOrder: 'big',
    precision: 'nano',
    linkType: 101,
  });
  const lying = Buffer.from(whole);
  lying.writeUInt32LE(0xffff_ffff, FILE_HEADER_BYTES + 8);
  const hostile: [what: string, value: Buffer, packed: string, packets: number, tally: object][] = [
    ['whole', whole, '3', 3, {}],
    ['of the other byte order, nanoseconds and link type', big, '3', 3, {}],
    ['cut in the last packet', whole.subarray(0, -1), '3', 2, { unusable: 1, badHeaders: 1 }],
    [
      'cut in a record header',
      whole.subarray(0, FILE_HEADER_BYTES + 7),
      '3',
      0,
      { unusable: 1, badHeaders: 1 },
    ],
    ['cut in the file header', whole.subarray(0, 20), '3', 0, { unusable: 1, badHeaders: 1 }],
    ['with a length of 4 GiB', lying, '3', 0, { unusable: 1, badHeaders: 1 }],
    ['with another number of packets than it says', whole, '4294967295', 3, { badHeaders: 1 }],
    ['with a number that is none', whole, '-1', 1, { badHeaders: 1 }],
    ['without a packet', whole.subarray(0, FILE_HEADER_BYTES), '0', 0, { unusable: 1 }],
    ['that is no capture file', Buffer.alloc(500, 0x55), '9', 0, { unusable: 1, badHeaders: 1 }],
    [
      'in which there is another one',
      pcapFile({ packets: [{ seconds: 1, fraction: 0, frame: whole }] }),
      '1',
      1,
      {},
    ],
    ['of no bytes', Buffer.alloc(0), '0', 0, { unusable: 1 }],
  ];
  for (const [what, value, packed, packets, tally] of hostile) {
    test(`${what}: as far as they are whole, and the rest is counted`, async (t) => {
      const kafka = new InMemoryKafka(t);
      kafka.lendToPeers();
      const key = Buffer.alloc(8);
      await sendMessages(kafka.topic, [
        { key, value, headers: [['pcap-packed', packed]] },
        { key, value: Buffer.from('after') },
      ]);
      const read = await readAll(kafka.consumer({ end: 2 }));
      assert.equal(read.flatMap((batch) => batch.packets).length, packets + 1);
      assert.deepEqual(read.at(-1)?.next, [{ partition: 0, offset: 2, skip: 0 }]);
      const sums: Record<string, number> = {};
      for (const batch of read)
        for (const [name, count] of Object.entries(batch.tally))
          if (count > 0) sums[name] = (sums[name] ?? 0) + count;
      // A message of packets counts once, wherever its batches end.
      const isPack = packets > 0 && /^\d+$/.test(packed);
      assert.deepEqual(sums, isPack ? { ...tally, packed: 1 } : tally);
    });
  }

  test('hold whole capture files where a topic does, and plain packets stay packets', async (t) => {
    const kafka = new InMemoryKafka(t);
    kafka.lendToPeers();
    const frame = Buffer.from('a plain frame');
    await sendMessages(kafka.topic, [
      { value: whole },
      { key: 'file', value: big },
      { key: Buffer.alloc(8), value: frame },
      { value: Buffer.from('no file') },
    ]);
    const read = await readAll(kafka.consumer({ end: 4, values: 'pcap' }));
    assert.deepEqual(
      read.map(({ packets, link, tally }) => [packets.length, link.linkType, tally.unusable]),
      [
        [3, 1, 0],
        [3, 101, 0],
        [1, 1, 1],
      ],
    );
    assert.deepEqual(read[2]?.packets[0]?.frame, frame);
    // Without being told, they are frames.
    assert.equal((await readPackets(kafka.consumer({ end: 4 }))).length, 4);
  });
});
