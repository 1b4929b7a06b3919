import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { LinkFilters } from '#kcap/capture/link-filters.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { PacketRun } from '#kcap/pipeline/packet-run.js';
import { Stop } from '#kcap/pipeline/stop.js';
import type { Summary } from '#kcap/pipeline/summary.js';
import { Filter } from '#kcap/stages/filter.js';
import { Limit } from '#kcap/stages/limit.js';

import { batchOf, numbered } from '../packet/packets.js';
import { HandWrittenSink, HandWrittenSource } from './hand-written.js';

describe('the account of a packet run', () => {
  test('counts everything that source, stages and sink have counted', async () => {
    const run = new PacketRun(
      new HandWrittenSource([], [batchOf(numbered(10))], {
        counters: { skipped: { tombstone: 1 }, unusable: { absurd: 2 }, droppedKernel: 3 },
      }),
      // Two of the packets have 62 bytes on the wire, the others fewer or more than 100.
      [new Filter(new LinkFilters('less 61 or greater 100')), new Limit(6)],
      new HandWrittenSink([], {
        counters: { out: 4, failed: { refused: 1 }, unusable: { long: 1 } },
      }),
    );
    await run.run(new Stop(0));
    const summary = run.summary();
    assert.deepEqual(accountOf(summary), [11, { out: 4, failed: 1, filtered: 2, skipped: 4 }]);
  });

  test('counts what is under way, for the cause that is given, while a write goes on', async () => {
    let seen: Summary | undefined;
    const run: PacketRun = new PacketRun(
      new HandWrittenSource([], [batchOf(numbered(2)), batchOf(numbered(3))]),
      [],
      new HandWrittenSink([], {
        onWrite: () => {
          seen = run.summary('given up at a second signal');
          return Promise.resolve();
        },
      }),
    );
    await run.run(new Stop(0));
    assert.ok(seen);
    assert.deepEqual(accountOf(seen), [5, { out: 2, failed: 3, filtered: 0, skipped: 0 }]);
    assert.deepEqual(seen.failed_by_cause, { 'given up at a second signal': 3 });
    assert.deepEqual(run.summary('given up').failed_by_cause, {});
  });

  test('has the duration in seconds', (t) => {
    let now = 5000;
    t.mock.method(performance, 'now', () => now);
    const run = new PacketRun(new HandWrittenSource([], []), [], new HandWrittenSink([]));
    now += 2500;
    assert.equal(run.summary().duration_s, 2.5);
  });

  test('adds up whatever comes, is filtered, limited and left unread', async () => {
    const sizes = fc.array(fc.nat({ max: 20 }), { maxLength: 5 });
    const limits = fc.option(fc.integer({ min: 1, max: 50 }));
    const ends = fc.option(fc.record({ atWrite: fc.integer({ min: 1, max: 6 }), out: fc.nat(20) }));
    await fc.assert(
      fc.asyncProperty(sizes, limits, ends, async (counts, limit, end) => {
        const filter = new Filter(new LinkFilters('not greater 150'));
        let writes = 0;
        let out = 0;
        const run = new PacketRun(
          new HandWrittenSource(
            [],
            counts.map((count) => batchOf(numbered(count))),
          ),
          limit === null ? [filter] : [filter, new Limit(limit)],
          {
            write: ({ count }) => {
              const left = ++writes === end?.atWrite;
              const now = left ? Math.min(end.out, count) : count;
              out += now;
              return left ? Promise.reject(new ReaderLeft(now)) : Promise.resolve();
            },
            flush: () => Promise.resolve(),
            counters: () => ({ out, bytesOut: 0, failed: {}, unusable: {} }),
            close: () => Promise.resolve(),
          },
        );
        await run.run(new Stop(0));
        const summary = run.summary();
        assert.equal(summary.packets_in, summary.packets_out + summary.packets_filtered);
        assert.equal(summary.packets_out, out);
        assert.ok(limit === null || out <= limit);
      }),
    );
  });
});

function accountOf(summary: Summary): [packetsIn: number, where: Record<string, number>] {
  const { packets_in, packets_out, packets_failed, packets_filtered, packets_skipped } = summary;
  return [
    packets_in,
    {
      out: packets_out,
      failed: packets_failed,
      filtered: packets_filtered,
      skipped: packets_skipped,
    },
  ];
}
