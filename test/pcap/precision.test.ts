import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Precision } from '#kcap/packet/packet-batch.js';
import { convertPrecision } from '#kcap/pcap/precision.js';

import { numbered, packetsIn, recordsOf } from '../packet/packets.js';

describe('convertPrecision', () => {
  const cases: [from: Precision, to: Precision, fractions: number[], expected: number[]][] = [
    ['micro', 'nano', [0, 1, 999_999], [0, 1000, 999_999_000]],
    ['nano', 'micro', [0, 999, 1000, 1999, 999_999_999], [0, 0, 1, 1, 999_999]],
    ['nano', 'nano', [0, 999_999_999], [0, 999_999_999]],
    ['micro', 'micro', [0, 999_999], [0, 999_999]],
  ];
  for (const [from, to, fractions, expected] of cases) {
    test(`from ${from}- to ${to}seconds makes ${expected.join(', ')} of ${fractions.join(', ')}`, () => {
      const packets = numbered(fractions.length);
      const withFractions = (numbers: number[]) =>
        packets.map((packet, index) => ({ ...packet, fraction: numbers[index] ?? NaN }));
      const records = recordsOf(withFractions(fractions));
      convertPrecision(records, from, to);
      assert.deepEqual(packetsIn(records), withFractions(expected));
    });
  }

  test('has nothing to do in an empty batch', () => {
    convertPrecision(Buffer.alloc(0), 'micro', 'nano');
  });

  test('carries a fraction of more than a second, as a damaged file has it, over to the seconds', () => {
    const packet = {
      seconds: 1,
      fraction: 0xffffffff,
      frame: Buffer.alloc(60),
      originalLength: 60,
    };
    const records = recordsOf([packet]);
    convertPrecision(records, 'micro', 'nano');
    // 4,294,967,295 microseconds.
    assert.deepEqual(packetsIn(records), [{ ...packet, seconds: 4295, fraction: 967_295_000 }]);
  });
});
