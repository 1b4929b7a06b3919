import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { firstPackets, frameBytes, positionAt } from '#kcap/packet/packet-batch.js';

import { batchOf, numbered, originOf, packetsIn } from './packets.js';

describe('frameBytes', () => {
  test('is the sum of the captured lengths, without record headers', () => {
    const frames = [60, 0, 1514].map((bytes) => ({
      seconds: 0,
      fraction: 0,
      frame: Buffer.alloc(bytes),
      originalLength: 9000,
    }));
    assert.equal(frameBytes(batchOf(frames)), 1574);
  });

  test('is 0 for a batch without packets', () => {
    assert.equal(frameBytes(batchOf([])), 0);
  });
});

describe('positionAt', () => {
  test('reads partition and offset of the record with the index', () => {
    const origin = originOf([
      [0, 7],
      [2_147_483_647, 0, 41],
      [3, Number.MAX_SAFE_INTEGER],
    ]);
    assert.deepEqual(
      [0, 1, 2].map((index) => positionAt(origin, index)),
      [
        { partition: 0, offset: 7, passed: 0 },
        { partition: 2_147_483_647, offset: 0, passed: 41 },
        { partition: 3, offset: Number.MAX_SAFE_INTEGER, passed: 0 },
      ],
    );
  });
});

describe('firstPackets', () => {
  const packets = numbered(5);

  test('gives the batch itself where it has no more packets than asked for', () => {
    const batch = batchOf(packets);
    assert.equal(firstPackets(batch, 5), batch);
    assert.equal(firstPackets(batch, 6), batch);
  });

  test('gives the first packets, whole and with their link', () => {
    const link = { linkType: 113, precision: 'nano', snapLength: 96 } as const;
    const first = firstPackets(batchOf(packets, link), 3);
    assert.deepEqual(packetsIn(first.bytes), packets.slice(0, 3));
    assert.equal(first.count, 3);
    assert.deepEqual(first.link, link);
    assert.equal(first.origin, undefined);
  });

  test('gives an empty batch where none is asked for', () => {
    const none = firstPackets(batchOf(packets), 0);
    assert.deepEqual([none.count, none.bytes.length], [0, 0]);
  });

  test('leaves what it does not give unread: each partition goes on after its last packet given', () => {
    const origin = originOf(
      [
        [0, 10],
        [1, 500],
        [0, 11],
        [1, 503],
        [2, 0],
      ],
      [
        { partition: 0, offset: 12, skip: 0 },
        { partition: 1, offset: 504, skip: 0 },
        { partition: 2, offset: 1, skip: 0 },
        { partition: 3, offset: 99, skip: 0 },
      ],
    );
    const first = firstPackets(batchOf(packets, { origin }), 3);
    assert.deepEqual(first.origin?.next, [
      { partition: 0, offset: 12, skip: 0 },
      { partition: 1, offset: 501, skip: 0 },
    ]);
    assert.deepEqual(first.origin.positions, origin.positions.subarray(0, 48));
  });

  test('has nothing to acknowledge where it gives no packet', () => {
    const origin = originOf([[0, 10]], [{ partition: 0, offset: 11, skip: 0 }]);
    const none = firstPackets(batchOf(packets.slice(0, 1), { origin }), 0);
    assert.deepEqual(none.origin, { positions: Buffer.alloc(0), next: [] });
  });
});
