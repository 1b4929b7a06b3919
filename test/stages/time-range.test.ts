import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Microseconds } from '#kcap/packet/timestamp.js';
import { TimeRange } from '#kcap/stages/time-range.js';

import { batchOf, originOf, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';

const us = (count: number) => count as Microseconds;
const at = (seconds: number, fraction: number) => ({
  seconds,
  fraction,
  frame: Buffer.from(`${seconds}.${fraction}`),
});
const timesOf = (bytes: Buffer) =>
  packetsIn(bytes).map(({ seconds, fraction }) => [seconds, fraction]);

describe('a range of time', () => {
  test('begins with its first microsecond and ends before its last', () => {
    const range = new TimeRange(us(2_000_001), us(4_000_000));
    const passed = range.apply(batchOf([at(2, 0), at(2, 1), at(3, 999_999), at(4, 0), at(3, 5)]));
    assert.deepEqual(timesOf(passed.bytes), [
      [2, 1],
      [3, 999_999],
      [3, 5],
    ]);
    assert.equal(passed.count, 3);
    assert.equal(endsOf(range).ended['filtered'], 2);
  });

  test('knows nanoseconds', () => {
    const batch = batchOf([at(2, 999), at(2, 1000), at(2, 1999), at(2, 2000)], {
      precision: 'nano',
    });
    const passed = new TimeRange(us(2_000_001), us(2_000_002)).apply(batch);
    assert.deepEqual(timesOf(passed.bytes), [
      [2, 1000],
      [2, 1999],
    ]);
  });

  test('has no end, or no beginning, where none is given', () => {
    const all = [at(0, 0), at(0xffff_ffff, 999_999)];
    assert.equal(new TimeRange(us(0), undefined).apply(batchOf(all)).count, 2);
    assert.equal(new TimeRange(undefined, us(1)).apply(batchOf(all)).count, 1);
  });

  test('keeps the places of what it keeps, and everything counts as handled', () => {
    const origin = originOf(
      [
        [0, 5],
        [1, 7],
        [0, 6],
      ],
      [
        { partition: 0, offset: 7 },
        { partition: 1, offset: 8 },
      ],
    );
    const passed = new TimeRange(us(2_000_000), undefined).apply(
      batchOf([at(1, 0), at(2, 0), at(3, 0)], { origin }),
    );
    assert.deepEqual(passed.origin?.next, origin.next);
    assert.equal(passed.origin.positions.length, 32);
    assert.deepEqual(
      [passed.origin.positions.readInt32LE(8), passed.origin.positions.readInt32LE(24)],
      [1, 0],
    );
  });
});
