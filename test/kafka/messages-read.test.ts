import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { batchOf, numbered } from '../packet/packets.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { type TestMessage, sendMessages } from '../support/topic.js';
import { InMemoryKafka, type ReadBatch, readAll, readPackets } from './in-memory.js';

const value = Buffer.from('frame');
const key = keyOf(1_700_000_000_123_456n);
const message = { key, value, timestamp: 1_600_000_000_789 };
const packet = { seconds: 1_700_000_000, fraction: 123_456, frame: value, originalLength: 5 };
const timeFromKafka = { seconds: 1_600_000_000, fraction: 789_000 };

/** What a message is read as; see WIRE.md, "Reading back". */
const cases: [
  what: string,
  message: TestMessage,
  packet: PcapPacket | undefined,
  counted?: keyof ReadBatch['tally'],
][] = [
  ['a plain packet', message, packet],
  [
    'an empty frame',
    { ...message, value: Buffer.alloc(0) },
    { ...packet, frame: Buffer.alloc(0), originalLength: 0 },
  ],
  ['a tombstone', { ...message, value: null }, undefined, 'nullValues'],
  ['a tombstone without a key', { key: null, value: null }, undefined, 'nullValues'],
  ['the first time', { ...message, key: keyOf(0n) }, { ...packet, seconds: 0, fraction: 0 }],
  [
    'the last time',
    { ...message, key: keyOf(4_294_967_295_999_999n) },
    { ...packet, seconds: 0xffffffff, fraction: 999_999 },
  ],
  [
    'a time past 32 bits',
    { ...message, key: keyOf(4_294_967_296_000_000n) },
    undefined,
    'timesOutOfRange',
  ],
  [
    'the time of all ones',
    { ...message, key: keyOf(0xffff_ffff_ffff_ffffn) },
    undefined,
    'timesOutOfRange',
  ],
  ['no key', { ...message, key: null }, { ...packet, ...timeFromKafka }, 'timesFromKafka'],
  [
    'an empty key',
    { ...message, key: Buffer.alloc(0) },
    { ...packet, ...timeFromKafka },
    'timesFromKafka',
  ],
  [
    'a key of 7 bytes',
    { ...message, key: key.subarray(1) },
    { ...packet, ...timeFromKafka },
    'timesFromKafka',
  ],
  [
    'a key of 9 bytes',
    { ...message, key: Buffer.concat([key, key]).subarray(0, 9) },
    { ...packet, ...timeFromKafka },
    'timesFromKafka',
  ],
  [
    'an original length',
    withHeaders(['pcap-origlen', '1514']),
    { ...packet, originalLength: 1514 },
  ],
  [
    'the longest original length',
    withHeaders(['pcap-origlen', '4294967295']),
    { ...packet, originalLength: 0xffffffff },
  ],
  [
    'an original length past 32 bits',
    withHeaders(['pcap-origlen', '4294967296']),
    packet,
    'badHeaders',
  ],
  ['a negative original length', withHeaders(['pcap-origlen', '-1']), packet, 'badHeaders'],
  ['an empty original length', withHeaders(['pcap-origlen', '']), packet, 'badHeaders'],
  ['an original length with a unit', withHeaders(['pcap-origlen', '9B']), packet, 'badHeaders'],
  ['an original length with a space', withHeaders(['pcap-origlen', ' 9']), packet, 'badHeaders'],
  ['a hexadecimal original length', withHeaders(['pcap-origlen', '0x9']), packet, 'badHeaders'],
  ['a link type past 16 bits', withHeaders(['pcap-linktype', '65536']), packet, 'badHeaders'],
  ['a link type by name', withHeaders(['pcap-linktype', 'EN10MB']), packet, 'badHeaders'],
  ['a thousand nanoseconds', withHeaders(['pcap-nanos', '1000']), packet, 'badHeaders'],
  ['headers that it does not know', withHeaders(['pcap-host', 'a'], ['Pcap-Origlen', '7']), packet],
  [
    'an original length shorter than itself',
    withHeaders(['pcap-origlen', '4']),
    packet,
    'badHeaders',
  ],
  ['an original length of its own', withHeaders(['pcap-origlen', '5']), packet],
  [
    'two original lengths',
    withHeaders(['pcap-origlen', '7'], ['pcap-origlen', '8']),
    { ...packet, originalLength: 8 },
  ],
  [
    'two original lengths, the last one too short',
    withHeaders(['pcap-origlen', '7'], ['pcap-origlen', '4']),
    { ...packet, originalLength: 7 },
    'badHeaders',
  ],
];

describe('a message that holds', () => {
  for (const [what, sent, read, counted] of cases) {
    test(`${what} is read as ${read ? 'a packet' : 'none'}${counted ? ', and counted' : ''}`, async (t) => {
      const kafka = new InMemoryKafka(t);
      kafka.lendToPeers();
      await sendMessages(kafka.topic, [sent]);
      const [batch] = await readAll(kafka.consumer({ end: 1 }));
      assert.deepEqual(batch?.packets, read ? [read] : []);
      const nothing = {
        nullValues: 0,
        unusable: 0,
        packed: 0,
        timesOutOfRange: 0,
        timesFromKafka: 0,
        badHeaders: 0,
        outsideSlack: 0,
        deleted: 0,
      };
      assert.deepEqual(batch.tally, counted ? { ...nothing, [counted]: 1 } : nothing);
      assert.deepEqual(batch.next, [{ partition: 0, offset: 1, skip: 0 }]);
    });
  }

  test('nanoseconds of no more than microseconds is still a packet of nanoseconds', async (t) => {
    const kafka = new InMemoryKafka(t);
    kafka.lendToPeers();
    await sendMessages(kafka.topic, [withHeaders(['pcap-nanos', '0'])]);
    const [batch] = await readAll(kafka.consumer({ end: 1 }));
    assert.equal(batch?.link.precision, 'nano');
    assert.deepEqual(batch.packets, [{ ...packet, fraction: 123_456_000 }]);
  });

  test('no packet leaves the places of the others in step with them', async (t) => {
    const kafka = new InMemoryKafka(t);
    kafka.lendToPeers();
    const nothing = { ...message, value: null };
    await sendMessages(kafka.topic, [nothing, message, nothing, nothing, message, nothing]);
    const batches = await readAll(kafka.consumer({ end: 6 }));
    assert.deepEqual(
      batches.flatMap(({ positions }) => positions),
      [
        { partition: 0, offset: 1, passed: 0 },
        { partition: 0, offset: 4, passed: 0 },
      ],
    );
    assert.deepEqual(batches.at(-1)?.next, [{ partition: 0, offset: 6, skip: 0 }]);
  });

  const noPackets: [what: string, message: TestMessage][] = [
    ['a tombstone', { ...message, key: keyOf(4_000_000_000_000_000n), value: null }],
    ['a time past 32 bits', { ...message, key: keyOf(10_000_000_000_000_000n) }],
  ];
  for (const [what, noPacket] of noPackets)
    test(`${what} is waited for by no packet behind it where partitions are merged`, async (t) => {
      const kafka = new InMemoryKafka(t, 2);
      kafka.lendToPeers();
      const at = (second: number, partition: number) => ({
        ...message,
        key: keyOf(BigInt(second) * 1_000_000n),
        partition,
      });
      const sent = [at(1, 0), { ...noPacket, partition: 0 }, at(3, 0), at(2, 1), at(4, 1)];
      await sendMessages(kafka.topic, sent);
      const partitions = [
        { partition: 0, start: 0, end: 3 },
        { partition: 1, start: 0, end: 2 },
      ];
      const packets = await readPackets(kafka.consumer({ partitions, inTimeOrder: true }));
      assert.deepEqual(
        packets.map(({ seconds }) => seconds),
        [1, 2, 3, 4],
      );
    });

  test('only tombstones ends a read all the same', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(1)));
    kafka.lendToPeers();
    await sendMessages(kafka.topic, [{ ...message, value: null }]);
    const partitions = [{ partition: 0, start: 1, end: 2 }];
    const [batch, ...others] = await readAll(kafka.consumer({ partitions }));
    assert.deepEqual([batch?.packets, batch?.tally.nullValues, others], [[], 1, []]);
  });
});

function withHeaders(...headers: NonNullable<TestMessage['headers']>): TestMessage {
  return { ...message, headers };
}

/** Microseconds since 1970, 8 bytes, big-endian. */
function keyOf(microseconds: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(microseconds);
  return bytes;
}
