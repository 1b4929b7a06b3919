import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { readUint32, recordLength, writeUint32 } from '#kcap/packet/record.js';

import { numbered, recordsOf } from './packets.js';

describe('a record', () => {
  test('takes its header and its captured bytes, whatever was on the wire', () => {
    const records = recordsOf(numbered(2, { bytes: 100 }));
    assert.deepEqual([recordLength(records, 0), recordLength(records, 116)], [116, 117]);
  });

  for (const number of [0, 1, 0x01020304, 0x7fffffff, 0x80000000, 0xffffffff]) {
    test(`holds ${number} as the machine's other programs write it`, () => {
      const bytes = Buffer.alloc(12);
      writeUint32(bytes, number, 4);
      assert.equal(readUint32(bytes, 4), number);
      assert.deepEqual(
        new Uint32Array(bytes.buffer, bytes.byteOffset, 3),
        Uint32Array.of(0, number, 0),
      );
    });
  }
});
