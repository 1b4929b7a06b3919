import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { addon } from '#kcap/addon/addon.js';

import {
  arpFrame,
  ETHERNET,
  type Endpoint,
  frameOf,
  type FrameParts,
  LINK_TYPES,
} from '../packet/frames.js';
import { batchOf, recordsOf } from '../packet/packets.js';
import { readMessages } from '../support/topic.js';
import { AT_ONCE, InMemoryKafka, NEVER } from './in-memory.js';

const PARTITIONS = 1024;
const WITH_PORTS = [6, 17, 33, 132, 136];
const ICMP = 1;

/** The partitions of frames that come one after the other. */
function partitionsOf(
  frames: readonly Buffer[],
  linkType = ETHERNET,
  partitions = PARTITIONS,
): number[] {
  const packets = frames.map((frame) => ({ seconds: 0, fraction: 0, frame }));
  return addon.flowPartitions(recordsOf(packets), linkType, partitions);
}

function partitionOf(frame: Buffer, linkType = ETHERNET): number {
  const [partition = -1] = partitionsOf([frame], linkType);
  return partition;
}

function bytes(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
}

function endpoint(addressBytes: number): fc.Arbitrary<Endpoint> {
  return fc.record({ mac: bytes(6), address: bytes(addressBytes), port: fc.nat({ max: 0xffff }) });
}

const tags = fc.array(fc.constantFrom(0x8100, 0x88a8, 0x9100, 0x9200), { maxLength: 3 });
const extensions = fc.array(fc.constantFrom(0, 43, 51, 60, 135, 139, 140), { maxLength: 4 });
const linkTypes = fc.constantFrom(...LINK_TYPES);
const protocols = fc.oneof(fc.constantFrom(...WITH_PORTS), fc.constantFrom(ICMP, 47, 50, 58, 89));
const conversation = fc.constantFrom(4, 16).chain((length) =>
  fc.record({
    from: endpoint(length),
    to: endpoint(length),
    protocol: protocols,
    payload: bytes(30),
  }),
);
/** What may differ between two frames of one conversation. */
const look = fc.record({ tags, extensions, options: fc.nat({ max: 10 }) });

function reversed<T extends Pick<FrameParts, 'from' | 'to'>>(parts: T): T {
  return { ...parts, from: parts.to, to: parts.from };
}

describe('by flow', () => {
  test('both directions of a conversation have one partition, whatever stands around them', () => {
    fc.assert(
      fc.property(conversation, look, look, linkTypes, (parts, there, back, linkType) => {
        const frames = [
          frameOf({ ...parts, ...there, linkType }),
          frameOf({ ...reversed(parts), ...back, linkType }),
        ];
        const [one, other] = partitionsOf(frames, linkType);
        assert.equal(one, other);
      }),
    );
  });

  test('a conversation has the same partition on every link type', () => {
    fc.assert(
      fc.property(conversation, look, (parts, look) => {
        const partitions = LINK_TYPES.map((linkType) =>
          partitionOf(frameOf({ ...parts, ...look, linkType }), linkType),
        );
        assert.equal(new Set(partitions).size, 1);
      }),
    );
  });

  test('both directions have one partition when they are cut, wherever it is', () => {
    fc.assert(
      fc.property(
        conversation,
        look,
        linkTypes,
        fc.nat({ max: 200 }),
        (parts, look, linkType, cut) => {
          const [one, other] = [parts, reversed(parts)].map((way) =>
            partitionOf(frameOf({ ...way, ...look, linkType }).subarray(0, cut), linkType),
          );
          assert.equal(one, other);
        },
      ),
    );
  });

  test('nothing past the captured bytes is read', () => {
    fc.assert(
      fc.property(
        conversation,
        look,
        linkTypes,
        fc.nat({ max: 200 }),
        (parts, look, linkType, cut) => {
          const frame = frameOf({ ...parts, ...look, linkType }).subarray(0, cut);
          // The record that follows has these bytes in its header.
          const behind = [0x00, 0xff].map((fill) => {
            const next = {
              seconds: fill * 0x1010101,
              fraction: fill * 0x1010101,
              frame: Buffer.alloc(60, fill),
            };
            const records = recordsOf([{ seconds: 0, fraction: 0, frame }, next]);
            return addon.flowPartitions(records, linkType, PARTITIONS)[0];
          });
          assert.equal(behind[0], behind[1]);
        },
      ),
    );
  });

  test('whatever bytes there are, they have a partition', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 300 }), (random, linkType) => {
        const partition = partitionOf(Buffer.from(random), linkType);
        assert.ok(partition >= 0 && partition < PARTITIONS);
      }),
    );
  });

  test('all fragments have the partition of their conversation, in both directions', () => {
    fc.assert(
      fc.property(conversation, look, fc.nat({ max: 0xffff }), (parts, look, identification) => {
        const fragments = (way: FrameParts) =>
          [0, 1, 2].map((index) =>
            frameOf({
              ...way,
              ...look,
              fragment: { identification, offset: index * 3, more: index < 2 },
            }),
          );
        const frames = [frameOf(parts), ...fragments(parts), ...fragments(reversed(parts))];
        assert.equal(new Set(partitionsOf(frames)).size, 1);
      }),
    );
  });

  test('fragments whose first one is missing go by addresses', () => {
    fc.assert(
      fc.property(conversation, fc.nat({ max: 0xffff }), (parts, identification) => {
        const fragment = { identification, offset: 3, more: true };
        const other = { ...parts, from: { ...parts.from, port: 1 }, fragment };
        const frames = [{ ...parts, fragment }, other, reversed(other)].map(frameOf);
        assert.equal(new Set(partitionsOf(frames)).size, 1);
      }),
    );
  });

  test('the fragments of conversations that go on at once are told apart', () => {
    const first = Array.from({ length: 10 }, (_, number) => udp(number));
    const fragment = (number: number, offset: number) =>
      frameOf({ ...udp(number), fragment: { identification: number, offset, more: offset === 0 } });
    const partitions = partitionsOf([
      ...first.map((_, number) => fragment(number, 0)),
      ...first.map((_, number) => fragment(number, 185)),
    ]);
    assert.deepEqual(partitions.slice(0, 10), partitionsOf(first.map(frameOf)));
    assert.deepEqual(partitions.slice(10), partitions.slice(0, 10));
  });

  test('what is no IP goes by its two MAC addresses', () => {
    fc.assert(
      fc.property(conversation, (parts) => {
        const [one, other] = partitionsOf([arpFrame(parts), arpFrame(reversed(parts))]);
        assert.equal(one, other);
      }),
    );
    const partitions = partitionsOf(
      Array.from({ length: 100 }, (_, number) => arpFrame(udp(number))),
    );
    assert.equal(new Set(partitions).size, 16, 'as many as there are pairs');
  });

  test('conversations are spread evenly, ports and addresses that follow each other too', () => {
    const frames = Array.from({ length: 8000 }, (_, number) => frameOf(udp(number)));
    const counts = Array.from({ length: 8 }, () => 0);
    for (const partition of partitionsOf(frames, ETHERNET, 8))
      counts[partition] = (counts[partition] ?? 0) + 1;
    assert.ok(
      counts.every((count) => count > 850 && count < 1150),
      counts.join(' '),
    );
  });

  test('the partition of a conversation is the same in every run and on every machine', () => {
    const partitions = partitionsOf([0, 1, 2, 3].map((number) => frameOf(udp(number))));
    assert.deepEqual(partitions, [387, 433, 893, 720]);
  });
});

test('a producer by flow sends each packet to the partition of its conversation', async (t) => {
  const kafka = new InMemoryKafka(t, 4);
  const frames = Array.from({ length: 40 }, (_, number) => frameOf(udp(number)));
  const packets = frames.map((frame) => ({ seconds: 0, fraction: 0, frame }));
  const producer = kafka.producer({ flowPartitions: 4, properties: AT_ONCE });
  await producer.send(batchOf(packets), NEVER);
  await producer.flush(10_000);
  kafka.lendToPeers();
  const sent = new Map(
    (await readMessages(kafka.topic)).map(({ value, partition }) => [
      value?.toString('hex'),
      partition,
    ]),
  );
  assert.deepEqual(
    frames.map((frame) => sent.get(frame.toString('hex'))),
    partitionsOf(frames, ETHERNET, 4),
  );
});

/** One of many conversations between a few hosts. */
function udp(number: number): FrameParts {
  const end = (host: number, port: number) => ({
    mac: Buffer.from([2, 0, 0, 0, number >> 8, host]),
    address: Buffer.from([10, 0, 0, host]),
    port,
  });
  return { from: end(number % 16, 40_000 + (number >> 4)), to: end(200, 53), protocol: 17 };
}
