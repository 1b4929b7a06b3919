import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { Progress, progressText, type ProgressFacts } from '#kcap/terminal/progress.js';

import { accountWith } from '../pipeline/ends.js';

const FACTS: ProgressFacts = {
  ...{ packets: 1_234_567, rate: 204_321, bytes: 2_600_000_000, lost: 12, spooled: 345 },
  ...{ lagMessages: 1_200_000, share: 0.4567, secondsLeft: 3723 },
};

describe('the progress line', () => {
  test('shows all that there is to show', () => {
    assert.equal(
      progressText(FACTS),
      '1234567 packets, 204 k/s, 2.60 GB, 12 lost, 345 spooled, lag 1.20 M, 45%, 1:02:03 left',
    );
  });

  test('leaves out what does not happen', () => {
    const facts = { packets: 0, rate: 0, bytes: 0, lost: 0, spooled: 0 };
    assert.equal(progressText(facts), '0 packets, 0/s, 0 B');
  });

  const widths: [number, string][] = [
    [80, '1234567 packets, 204 k/s, 12 lost, 345 spooled, lag 1.20 M, 45%, 1:02:03 left'],
    [60, '1234567 packets, 204 k/s, 12 lost, 45%, 1:02:03 left'],
    [20, '1234567 packets, 45%'],
    [19, '1234567 packets'],
    [7, '1234567'],
    [0, ''],
    [-1, ''],
  ];
  for (const [columns, text] of widths)
    test(`in ${columns} columns`, () => {
      assert.equal(progressText(FACTS, columns), text);
    });

  test('fits into any width, in characters that take one column each', () => {
    const number = fc.oneof(
      fc.nat(),
      fc.double({ min: 0, max: 1e19, noNaN: true }).map(Math.round),
    );
    const facts = fc.record(
      {
        ...{ packets: number, rate: number, bytes: number, lost: number, spooled: number },
        lagMessages: fc.option(number, { nil: undefined }),
        share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
        secondsLeft: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
      },
      { requiredKeys: ['packets', 'rate', 'bytes', 'lost', 'spooled'] },
    );
    fc.assert(
      fc.property(facts, fc.integer({ min: -2, max: 250 }), (given, columns) => {
        const text = progressText(given, columns);
        assert.match(text, /^[ -~]*$/);
        assert.ok(text.length <= Math.max(columns, 0));
        // Where there is room for all, nothing is missing.
        if (progressText(given).length <= columns) assert.equal(text, progressText(given));
      }),
    );
  });

  const numbers: [number, string][] = [
    [999, '999/s'],
    [999.6, '1.00 k/s'],
    [9994, '9.99 k/s'],
    [9996, '10.0 k/s'],
    [99_960, '100 k/s'],
    [999_600, '1.00 M/s'],
    [12_345_678, '12.3 M/s'],
  ];
  for (const [rate, text] of numbers)
    test(`shows ${rate} as ${text}`, () => {
      assert.ok(progressText({ ...FACTS, rate }).includes(` ${text},`));
    });
});

describe('what the progress line is made of', () => {
  test('the rate is that of the last seconds', () => {
    const progress = new Progress();
    const rateAt = (durationMs: number, taken: number) =>
      progress.look(accountWith({ taken }), {}, durationMs).rate;
    assert.equal(rateAt(500, 500), 1000);
    for (let ms = 1000; ms <= 10_000; ms += 500) rateAt(ms, 10 * ms);
    assert.equal(rateAt(10_500, 105_000), 10_000);
    assert.equal(rateAt(20_000, 105_000), 0);
  });

  test('the time left follows from the share that is done', () => {
    const look = (share: number) => new Progress().look(accountWith({}), { share }, 10_000);
    assert.equal(look(0.25).secondsLeft, 30);
    assert.equal(look(1).secondsLeft, 0);
    assert.equal(look(0).secondsLeft, undefined);
  });

  test('whatever the summary will call lost is lost', () => {
    const account = accountWith({ taken: 9, out: 7, failed: 1, spooled: 1 }, { dropped_kernel: 1 });
    const { lost, spooled } = new Progress().look(account, {}, 1000);
    assert.deepEqual([lost, spooled], [2, 1]);
  });
});
