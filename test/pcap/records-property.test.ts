import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { takeWholeRecords } from '#kcap/pcap/records.js';

import { HOST_ORDER, packetsIn, recordsOf } from '../packet/packets.js';

const uint32 = fc.nat({ max: 0xffffffff });
const packet = fc.record(
  {
    seconds: uint32,
    fraction: uint32,
    frame: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    originalLength: uint32,
  },
  { noNullPrototype: true },
);
const byteOrders = fc.constantFrom('little' as const, 'big' as const);

test('whatever packets a file holds, in pieces of any size they come out the same', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(packet), byteOrders, pieces, (packets, byteOrder, sizes) => {
      const file = recordsOf(packets, byteOrder);
      const taken: Buffer[] = [];
      let count = 0;
      let rest = Buffer.alloc(0);
      for (let at = 0, turn = 0; at < file.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        const bytes = Buffer.concat([rest, file.subarray(at, at + size)]);
        at += size;
        const whole = takeWholeRecords(bytes, byteOrder !== HOST_ORDER);
        assert.equal(whole.problem, undefined);
        taken.push(bytes.subarray(0, whole.byteLength));
        count += whole.count;
        rest = bytes.subarray(whole.byteLength);
        assert.ok(rest.length < whole.nextBytes, 'a record was whole and was not taken');
      }
      assert.equal(rest.length, 0);
      assert.equal(count, packets.length);
      assert.deepEqual(packetsIn(Buffer.concat(taken)), packets);
    }),
  );
});

test('whatever bytes there are, what is taken is whole and the rest stays as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, swapped) => {
      // Mostly zeros make lengths that are small enough to be met.
      const bytes = Buffer.from(random.map((byte) => (byte < 200 ? 0 : byte)));
      const before = Buffer.from(bytes);
      const { byteLength, count } = takeWholeRecords(bytes, swapped);
      assert.equal(packetsIn(bytes.subarray(0, byteLength)).length, count);
      assert.deepEqual(bytes.subarray(byteLength), before.subarray(byteLength));
    }),
  );
});
