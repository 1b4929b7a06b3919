import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { cutFrames, MAX_FRAME_BYTES, takeWholeRecords } from '#kcap/pcap/records.js';

import { HOST_ORDER, numbered, packetsIn, recordsOf } from '../packet/packets.js';
import type { ByteOrder } from '../support/pcap-file.js';

const OTHER_ORDER: ByteOrder = HOST_ORDER === 'little' ? 'big' : 'little';
const empty = { seconds: 1, fraction: 2, frame: Buffer.alloc(0), originalLength: 1514 };

describe('takeWholeRecords', () => {
  test('says how many whole records there are and what the next one takes', () => {
    // Records of 76, 77 and 78 bytes.
    const records = recordsOf(numbered(3));
    const cases: [length: number, byteLength: number, count: number, nextBytes: number][] = [
      [0, 0, 0, 16],
      [1, 0, 0, 16],
      [15, 0, 0, 16],
      [16, 0, 0, 76],
      [75, 0, 0, 76],
      [76, 76, 1, 16],
      [76 + 15, 76, 1, 16],
      [76 + 16, 76, 1, 77],
      [76 + 76, 76, 1, 77],
      [76 + 77, 153, 2, 16],
      [231, 231, 3, 16],
    ];
    for (const [length, byteLength, count, nextBytes] of cases)
      assert.deepEqual(
        takeWholeRecords(records.subarray(0, length), false),
        { byteLength, count, longest: count === 0 ? 0 : 59 + count, nextBytes },
        `of ${length} bytes`,
      );
  });

  test("leaves records of this machine's byte order as they are", () => {
    const records = recordsOf(numbered(2));
    const before = Buffer.from(records);
    takeWholeRecords(records, false);
    assert.deepEqual(records, before);
  });

  test("puts headers of the other byte order into this machine's, and nothing else", () => {
    const packets = [...numbered(2), empty];
    const records = recordsOf(packets, OTHER_ORDER);
    const { byteLength, count } = takeWholeRecords(records, true);
    assert.deepEqual([byteLength, count], [records.length, 3]);
    assert.deepEqual(packetsIn(records), packets);
  });

  test('leaves a record that is not whole in the byte order of the file: it is taken with the rest of it', () => {
    const records = recordsOf(numbered(2), OTHER_ORDER);
    const rest = Buffer.from(records.subarray(76, 152));
    const taken = takeWholeRecords(records.subarray(0, 152), true);
    assert.deepEqual(taken, { byteLength: 76, count: 1, longest: 60, nextBytes: 77 });
    assert.deepEqual(records.subarray(76, 152), rest);
  });

  test('takes frames of zero bytes', () => {
    const records = recordsOf([empty, empty]);
    assert.deepEqual(takeWholeRecords(records, false), {
      byteLength: 32,
      count: 2,
      longest: 0,
      nextBytes: 16,
    });
  });

  for (const byteOrder of ['little', 'big'] as const) {
    for (const length of [MAX_FRAME_BYTES + 1, 0xffffffff]) {
      test(`takes a ${byteOrder}-endian length of ${length} for damage, after the whole records`, () => {
        const records = recordsOf([...numbered(1), empty, ...numbered(1)], byteOrder);
        const at = 76 + 8;
        if (byteOrder === 'little') records.writeUInt32LE(length, at);
        else records.writeUInt32BE(length, at);
        assert.deepEqual(takeWholeRecords(records, byteOrder !== HOST_ORDER), {
          byteLength: 76,
          count: 1,
          longest: 60,
          nextBytes: 16,
          problem: `a record claims to hold ${length} bytes`,
        });
      });
    }
  }

  test('waits for the longest frame that Kafka could carry', () => {
    const records = recordsOf([empty], 'big');
    records.writeUInt32BE(128 * 1024 * 1024, 8);
    assert.deepEqual(takeWholeRecords(records, HOST_ORDER !== 'big'), {
      byteLength: 0,
      count: 0,
      longest: 0,
      nextBytes: 128 * 1024 * 1024 + 16,
    });
  });
});

describe('cutFrames', () => {
  const frames = [0, 95, 96, 97, 1514].map((bytes, index) => ({
    seconds: index,
    fraction: index,
    frame: Buffer.from(Array.from({ length: bytes }, (_, at) => at & 0xff)),
    originalLength: 9000 + index,
  }));

  for (const snapLength of [0, 1, 96, 1514, 0x7fffffff]) {
    test(`keeps up to ${snapLength} bytes of each frame, and its original length`, () => {
      const { bytes, cut } = cutFrames(recordsOf(frames), snapLength);
      assert.deepEqual(
        packetsIn(bytes),
        frames.map((packet) => ({ ...packet, frame: packet.frame.subarray(0, snapLength) })),
      );
      assert.equal(cut, frames.filter(({ frame }) => frame.length > snapLength).length);
    });
  }

  test('needs no memory of its own', () => {
    const records = recordsOf(frames);
    assert.equal(cutFrames(records, 10).bytes.buffer, records.buffer);
  });
});
