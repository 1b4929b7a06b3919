import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TopicReach } from '#kcap/kafka/topic-reach.js';

const at = (partition: number, offset: number) => ({ partition, offset, skip: 0 });
const highs = (...offsets: number[]) => ({ highWatermarks: () => offsets });

test('the share of a read that has an end is that of its messages', () => {
  const reach = new TopicReach([
    { partition: 0, start: 10, end: 20 },
    { partition: 1, start: 0, end: 30 },
  ]);
  assert.equal(reach.share(), 0);
  reach.readUpTo([at(1, 15)]);
  assert.equal(reach.share(), 15 / 40);
  // Transactions leave gaps, and new messages may come.
  reach.readUpTo([at(0, 25), at(1, 30)]);
  assert.equal(reach.share(), 1);
});

test('there is no share of nothing, nor without an end', () => {
  assert.equal(new TopicReach([{ partition: 0, start: 5, end: 5 }]).share(), undefined);
  assert.equal(new TopicReach([{ partition: 0, start: 5, end: undefined }]).share(), undefined);
});

test('the lag is what the ends that are known are ahead', () => {
  const reach = new TopicReach([
    { partition: 0, start: 10, end: undefined },
    { partition: 1, start: 0, end: undefined },
  ]);
  assert.equal(reach.lag(highs(-1, -1)), undefined);
  assert.equal(reach.lag(highs(15, -1)), 5);
  reach.readUpTo([at(1, 7)]);
  assert.equal(reach.lag(highs(15, 10)), 8);
  assert.equal(reach.lag(highs(9, 7)), 0);
});

test('a group is behind in the partitions from which it got packets', () => {
  const reach = new TopicReach([]);
  assert.equal(reach.lag(highs()), undefined);
  reach.readUpTo([at(3, 7)]);
  assert.equal(reach.lag(highs(9)), 2);
});
