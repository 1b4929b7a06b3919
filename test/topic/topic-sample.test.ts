import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sampleRanges } from '#kcap/topic/topic-sample.js';

test('the sample has the first and the last messages of each partition, each once', () => {
  const { heads, tails } = sampleRanges([
    { partition: 0, low: 100, high: 1000 },
    { partition: 1, low: 0, high: 60 },
    { partition: 2, low: 5, high: 7 },
    { partition: 3, low: 9, high: 9 },
  ]);
  assert.deepEqual(heads, [
    { partition: 0, start: 100, end: 150 },
    { partition: 1, start: 0, end: 50 },
    { partition: 2, start: 5, end: 7 },
  ]);
  assert.deepEqual(tails, [
    { partition: 0, start: 950, end: 1000 },
    { partition: 1, start: 50, end: 60 },
  ]);
});

test('of a thousand partitions one message at each end is looked at', () => {
  const watermarks = Array.from({ length: 1000 }, (_, partition) => ({
    partition,
    low: 0,
    high: 1_000_000,
  }));
  const { heads, tails } = sampleRanges(watermarks);
  assert.deepEqual(heads[999], { partition: 999, start: 0, end: 1 });
  assert.deepEqual(tails[999], { partition: 999, start: 999_999, end: 1_000_000 });
  assert.equal(heads.length + tails.length, 2000);
});
