import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Limit } from '#kcap/stages/limit.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';

describe('Limit', () => {
  test('lets exactly so many packets pass, over batches, and is finished with the last one', () => {
    const limit = new Limit(7);
    const seen = [3, 3, 3, 3].map((count, index) => {
      const { bytes } = limit.apply(batchOf(numbered(count, { first: 3 * index })));
      return { passed: packetsIn(bytes), finished: limit.finished };
    });
    assert.deepEqual(seen, [
      { passed: numbered(3), finished: false },
      { passed: numbered(3, { first: 3 }), finished: false },
      { passed: numbered(1, { first: 6 }), finished: true },
      { passed: [], finished: true },
    ]);
  });

  test('gives a batch within the limit on as it is', () => {
    const batch = batchOf(numbered(3));
    assert.equal(new Limit(3).apply(batch), batch);
  });

  test('counts the packets that it takes, and not those that it gives back', () => {
    const limit = new Limit(1);
    limit.apply(batchOf(numbered(3)));
    limit.apply(batchOf(numbered(1)));
    const one = { packets: 1, bytes: 60 };
    assert.deepEqual(limit.account(), { in: one, out: one, outcomes: new Map(), beside: {} });
  });

  test('gives those back to the topic that they came from', () => {
    const origin = originOf(
      [
        [0, 10],
        [1, 20],
        [0, 11],
      ],
      [
        { partition: 0, offset: 12 },
        { partition: 1, offset: 21 },
      ],
    );
    const passed = new Limit(1).apply(batchOf(numbered(3), { origin }));
    assert.deepEqual(passed.origin?.next, [{ partition: 0, offset: 11, skip: 0 }]);
  });

  test('is not used up by a batch without packets', () => {
    const limit = new Limit(1);
    limit.apply(batchOf([]));
    assert.equal(limit.finished, false);
  });
});
