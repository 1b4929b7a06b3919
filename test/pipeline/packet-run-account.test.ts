import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { LinkFilters } from '#kcap/capture/link-filters.js';
import type { Cause } from '#kcap/errors/cause.js';
import { settled, type Outcome } from '#kcap/pipeline/account.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { summarize, type Summary } from '#kcap/pipeline/summary.js';
import { Filter } from '#kcap/stages/filter.js';
import { Limit } from '#kcap/stages/limit.js';

import { batchOf, numbered } from '../packet/packets.js';
import { HandWrittenSink, HandWrittenSource } from './hand-written.js';
import { packetRun, summaryOf } from './ends.js';

const GIVEN_UP: Cause = { id: 'given-up', fate: 'failed', loss: true, text: 'given up' };

describe('the account of a packet run', () => {
  test('counts everything that source, stages and sink have counted', async () => {
    const run = packetRun(
      new HandWrittenSource([], [batchOf(numbered(10))], {
        outcomes: [ended('tombstone', 'skipped', 1), ended('absurd', 'skipped', 2)],
      }),
      // Two of the packets have 62 bytes on the wire, the others fewer or more than 100.
      [new Filter(new LinkFilters('less 61 or greater 100')), new Limit(6)],
      new HandWrittenSink([], {
        onWrite: () => Promise.reject(new ReaderLeft(4)),
        outcomes: [ended('refused', 'failed', 1), ended('long', 'skipped', 1)],
      }),
    );
    await run.run(new Stop(0));
    const summary = summaryOf(run);
    assert.deepEqual(accountOf(summary), [11, { out: 4, failed: 1, filtered: 2, skipped: 4 }]);
  });

  test('counts what is under way, for the cause that is given, while a write goes on', async () => {
    let seen: Summary | undefined;
    const run = packetRun(
      new HandWrittenSource([], [batchOf(numbered(2)), batchOf(numbered(3))]),
      [],
      new HandWrittenSink([], {
        onWrite: () => {
          seen = summarize(settled(run.account(), GIVEN_UP), 0);
          return Promise.resolve();
        },
      }),
    );
    await run.run(new Stop(0));
    assert.ok(seen);
    assert.deepEqual(accountOf(seen), [5, { out: 2, failed: 3, filtered: 0, skipped: 0 }]);
    assert.deepEqual(seen.failed_by_cause, { 'given-up': 3 });
    assert.deepEqual(settled(run.account(), GIVEN_UP).outcomes.size, 0);
  });

  test('has the duration in seconds', (t) => {
    let now = 5000;
    t.mock.method(performance, 'now', () => now);
    const run = packetRun(new HandWrittenSource([], []), [], new HandWrittenSink([]));
    now += 2500;
    assert.equal(summaryOf(run).duration_s, 2.5);
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
        const run = packetRun(
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
            account: () => {
              const count = { packets: out, bytes: 0 };
              return { in: count, out: count, outcomes: new Map(), beside: {} };
            },
            close: () => Promise.resolve(),
          },
        );
        await run.run(new Stop(0));
        const summary = summaryOf(run);
        assert.equal(summary.packets_in, summary.packets_out + summary.packets_filtered);
        assert.equal(summary.packets_out, out);
        assert.ok(limit === null || out <= limit);
      }),
    );
  });
});

function ended(id: string, fate: Cause['fate'], packets: number): Outcome {
  return { cause: { id, fate, loss: true, text: id }, packets, bytes: 0 };
}

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
