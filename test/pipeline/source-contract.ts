import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { frameBytes, type PacketBatch } from '#kcap/packet/packet-batch.js';
import type { Source } from '#kcap/pipeline/contracts.js';

import { numbered, packetsIn } from '../packet/packets.js';
import type { PcapPacket } from '../support/pcap-file.js';

/** Makes a source of these packets, of Ethernet and microseconds; what it needs is gone when the test ends. */
type SourceOf = (t: TestContext, packets: readonly PcapPacket[]) => Promise<Source>;

/** Enough for several batches: 3 MiB. */
const MANY = numbered(3000, { bytes: 1000 });

/** What src/pipeline/contracts.ts promises of every source. */
export function testsOfSource(
  name: string,
  factories: {
    /** It ends after its last packet. */
    readonly ending: SourceOf;
    /** After its last packet it waits for more. */
    readonly endless?: SourceOf;
    /** What comes out of these packets, where not all of them can go in. */
    readonly made?: (packets: readonly PcapPacket[]) => readonly PcapPacket[];
  },
): void {
  const { ending, endless, made = (packets: readonly PcapPacket[]) => packets } = factories;
  describe(`${name}, as a source`, () => {
    test('gives all packets, in order, and ends', async (t) => {
      const batches = await readAll(await ending(t, MANY));
      assert.ok(batches.length > 1, 'one batch is not enough to test with');
      assertSame(batches.flat(), made(MANY));
    });

    test('gives frames of all lengths', async (t) => {
      const packets = [0, 1, 14, 60, 1514, 9018, 65_535].map((bytes, index) => ({
        seconds: index,
        fraction: 999_999,
        frame: Buffer.alloc(bytes, index),
        originalLength: 65_535,
      }));
      assert.deepEqual((await readAll(await ending(t, packets))).flat(), made(packets));
    });

    test('ends at once where there is no packet', async (t) => {
      assert.deepEqual(await readAll(await ending(t, [])), []);
    });

    test('says of each batch how many packets it holds, and how long they are at most', async (t) => {
      const source = await ending(t, MANY);
      let batches = 0;
      for await (const batch of source.batches(never())) {
        batches++;
        const packets = packetsIn(batch.bytes);
        assert.equal(packets.length, batch.count);
        assert.ok(packets.every(({ frame }) => frame.length <= batch.link.snapLength));
        assert.deepEqual([batch.link.linkType, batch.link.precision], [1, 'micro']);
      }
      assert.ok(batches > 0);
    });

    test('leaves a batch as it is until the next one is asked for', async (t) => {
      const source = await ending(t, MANY);
      let batches = 0;
      for await (const batch of source.batches(never())) {
        batches++;
        const copy = Buffer.from(batch.bytes);
        await manyTurnsOfTheEventLoop();
        assert.ok(copy.equals(batch.bytes), 'the batch has changed while it was handled');
      }
      assert.ok(batches > 0);
    });

    test('counts nothing where nothing happens', async (t) => {
      const source = await ending(t, MANY);
      assertNothingCounted(source);
      await readAll(source);
      assertNothingCounted(source);
      await source.close();
      assertNothingCounted(source);
    });

    test('has a name for people', async (t) => {
      assert.match((await ending(t, [])).name, /\S/);
    });

    test('gives nothing when it is stopped before it begins', async (t) => {
      assertSame((await readAll(await ending(t, MANY), AbortSignal.abort())).flat(), []);
    });

    test('ends when it is stopped between two batches; what it gave stays as it is', async (t) => {
      const source = await ending(t, MANY);
      const stop = new AbortController();
      let given: PacketBatch | undefined;
      for await (const batch of source.batches(stop.signal)) {
        assert.equal(given, undefined, 'a batch after the stop');
        given = batch;
        const copy = Buffer.from(batch.bytes);
        stop.abort();
        await manyTurnsOfTheEventLoop();
        assert.ok(copy.equals(batch.bytes), 'the batch has changed while it was handled');
      }
      assert.ok(given && frameBytes(given) > 0);
    });

    test('can be left before its end', async (t) => {
      const source = await ending(t, MANY);
      let given = 0;
      for await (const batch of source.batches(never())) {
        given = batch.count;
        break;
      }
      assert.ok(given > 0);
      await source.close();
    });

    test('can be closed unread, and twice', async (t) => {
      const source = await ending(t, MANY);
      await source.close();
      await source.close();
    });

    test('can be closed twice after it was read', async (t) => {
      const source = await ending(t, MANY);
      await readAll(source);
      await source.close();
      await source.close();
    });

    test('gives nothing once it is closed', async (t) => {
      const source = await ending(t, MANY);
      await source.close();
      assertSame((await readAll(source)).flat(), []);
    });

    if (!endless) return;

    test('gives what there is while it waits for more, and ends when it is stopped', async (t) => {
      const packets = numbered(5);
      const source = await endless(t, packets);
      const stop = new AbortController();
      const seen: PcapPacket[] = [];
      for await (const batch of source.batches(stop.signal)) {
        seen.push(...packetsIn(batch.bytes));
        // Only while the next batch is being waited for.
        if (seen.length === packets.length)
          setImmediate(() => {
            stop.abort();
          });
      }
      assert.deepEqual(seen, made(packets));
    });

    test('does not wait at all when it is stopped before it begins', async (t) => {
      assert.deepEqual(await readAll(await endless(t, []), AbortSignal.abort()), []);
    });

    test('ends when it is stopped before its first packet', async (t) => {
      const source = await endless(t, []);
      const stop = new AbortController();
      const batches = readAll(source, stop.signal);
      await manyTurnsOfTheEventLoop();
      stop.abort();
      assert.deepEqual(await batches, []);
    });
  });
}

/** Nobody stops it. One for each use: a source may listen to it as long as it lives. */
function never(): AbortSignal {
  return new AbortController().signal;
}

/** Node takes seconds to show the difference between thousands of packets. */
function assertSame(packets: readonly PcapPacket[], expected: readonly PcapPacket[]): void {
  assert.equal(packets.length, expected.length);
  for (const [index, packet] of packets.entries()) assert.deepEqual(packet, expected[index]);
}

async function readAll(
  source: Source,
  stop = never(),
): Promise<(readonly Required<PcapPacket>[])[]> {
  const batches = [];
  for await (const { bytes } of source.batches(stop)) batches.push(packetsIn(bytes));
  return batches;
}

function assertNothingCounted(source: Source): void {
  const { outcomes, beside } = source.account();
  const ended = [...outcomes.values()].map(({ packets }) => packets);
  const counts = [...ended, ...Object.values(beside)];
  assert.deepEqual(
    counts,
    counts.map(() => 0),
  );
}

/** Time for whatever a source does by itself while its batch is being handled. */
async function manyTurnsOfTheEventLoop(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
}
