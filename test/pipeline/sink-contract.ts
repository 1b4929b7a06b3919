import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { underWay } from '#kcap/pipeline/account.js';
import { ReaderLeft, type Sink } from '#kcap/pipeline/contracts.js';

import { batchOf, numbered, originOf } from '../packet/packets.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { endsOf, type Ends } from './ends.js';

export interface SinkUnderTest {
  readonly sink: Sink;
  /** What has come out of the sink, which has been flushed: one entry a packet. */
  readonly out: () => Promise<readonly unknown[]>;
}

/** Makes a sink, and says what a packet looks like that has come out of it. */
interface SinkFactory {
  readonly make: (t: TestContext) => Promise<SinkUnderTest>;
  readonly seen: (packet: Required<PcapPacket>, index: number) => unknown;
}

const NEVER = new AbortController().signal;

/** What src/pipeline/contracts.ts promises of every sink. */
export function testsOfSink(name: string, { make, seen }: SinkFactory): void {
  describe(`${name}, as a sink`, () => {
    test('lets out all packets, in order', async (t) => {
      const { sink, out } = await make(t);
      await write(sink, 0, 3);
      await write(sink, 3, 500);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), numbered(503).map(seen));
    });

    test('is done with the memory of a batch once it is written', async (t) => {
      const { sink, out } = await make(t);
      for (let first = 0; first < 300; first += 100) {
        const batch = topicBatch(first, 100);
        await sink.write(batch, NEVER);
        batch.bytes.fill(0xff);
        batch.origin?.positions.fill(0xff);
      }
      await sink.flush(NEVER);
      assert.deepEqual(await out(), numbered(300).map(seen));
    });

    test('counts what went out: packets, and bytes of their frames', async (t) => {
      const { sink } = await make(t);
      assertCounted(sink, { out: 0, bytesOut: 0 });
      await write(sink, 0, 7);
      await write(sink, 7, 2);
      await sink.flush(NEVER);
      const counted = { out: 9, bytesOut: 3 * (60 + 61 + 62) };
      assertCounted(sink, counted);
      await sink.close();
      assertCounted(sink, counted);
    });

    test('is not troubled by a batch without packets', async (t) => {
      const { sink, out } = await make(t);
      await sink.write(batchOf([], { linkType: 113 }), NEVER);
      await write(sink, 0, 2);
      await sink.write(batchOf([]), NEVER);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), numbered(2).map(seen));
      assertCounted(sink, { out: 2, bytesOut: 121 });
    });

    test('can be flushed without a packet, and twice', async (t) => {
      const { sink, out } = await make(t);
      await sink.flush(NEVER);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), []);
      assertCounted(sink, { out: 0, bytesOut: 0 });
    });

    test('can be flushed between batches', async (t) => {
      const { sink, out } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await write(sink, 2, 2);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), numbered(4).map(seen));
    });

    test('comes to an end when it is given up, with everything counted', async (t) => {
      const { sink } = await make(t);
      const gaveUp = AbortSignal.abort();
      let left = 0;
      try {
        await sink.write(topicBatch(0, 5), gaveUp);
        await sink.flush(gaveUp);
      } catch (error) {
        assert.ok(error instanceof ReaderLeft, String(error));
        left = 5 - error.packetsHandled;
      }
      assert.equal(sink.account().in.packets + left, 5);
      assert.equal(underWay(sink.account()).packets, 0);
    });

    test('can be closed twice', async (t) => {
      const { sink } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await sink.close();
      await sink.close();
    });

    test('can be closed unused', async (t) => {
      const { sink } = await make(t);
      await sink.close();
      assertCounted(sink, { out: 0, bytesOut: 0 });
    });

    test('takes nothing once it is closed', async (t) => {
      const { sink } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await sink.close();
      await assert.rejects(write(sink, 2, 2));
      assertCounted(sink, { out: 2, bytesOut: 121 });
    });
  });
}

/** Packets as they come from a topic: of one partition, each at the offset of its number. */
function topicBatch(first: number, count: number): ReturnType<typeof batchOf> {
  const positions = Array.from({ length: count }, (_, index) => [0, first + index] as const);
  const origin = originOf(positions, [{ partition: 0, offset: first + count }]);
  return batchOf(numbered(count, { first }), { origin });
}

async function write(sink: Sink, first: number, count: number): Promise<void> {
  await sink.write(topicBatch(first, count), NEVER);
}

function assertCounted(sink: Sink, expected: Pick<Ends, 'out' | 'bytesOut'>): void {
  assert.deepEqual(endsOf(sink), { ...expected, ended: {} });
  const { in: taken, out } = sink.account();
  assert.deepEqual(taken, out);
}
