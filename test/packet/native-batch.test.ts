import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetBatchOf } from '#kcap/packet/native-batch.js';
import { MAX_SNAP_LENGTH, snapLengthOf } from '#kcap/packet/packet-batch.js';

const FACTS = { linkType: 1, nanoseconds: true, snapLength: 96, count: 2 };

test('a batch of the addon is wrapped in place, with the names that it has', () => {
  const buffer = Buffer.from('recordsand what was there before');
  const batch = packetBatchOf({ ...FACTS, buffer, byteLength: 7, interface: 'eth0', host: 'a' });
  assert.equal(batch.bytes.toString(), 'records');
  assert.equal(batch.bytes.buffer, buffer.buffer);
  assert.equal(batch.count, 2);
  const link = { linkType: 1, precision: 'nano', snapLength: 96 };
  assert.deepEqual(batch.link, { ...link, interface: 'eth0', host: 'a' });
  const nameless = packetBatchOf({ ...FACTS, nanoseconds: false, buffer, byteLength: 7 });
  assert.deepEqual(nameless.link, { ...link, precision: 'micro' });
});

test('a snapshot length of 0 is no limit', () => {
  assert.equal(snapLengthOf(0), MAX_SNAP_LENGTH);
  assert.equal(snapLengthOf(0, 7), 7);
  assert.equal(snapLengthOf(96), 96);
});
