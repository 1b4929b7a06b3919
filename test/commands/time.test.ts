import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseTime } from '#kcap/commands/time.js';

const NOW_MS = 1_700_000_000_000;

describe('a point in time', () => {
  const times: [text: string, us: number][] = [
    ['2023-11-14T22:13:20Z', 1_700_000_000_000_000],
    ['2023-11-14t22:13:20z', 1_700_000_000_000_000],
    ['2024-02-29T00:00Z', 1_709_164_800_000_000],
    ['2023-11-14T22:13Z', 1_699_999_980_000_000],
    ['2023-11-14T22:13:20.5Z', 1_700_000_000_500_000],
    ['2023-11-14T22:13:20,123456789Z', 1_700_000_000_123_456],
    ['2023-11-15T00:13:20+02:00', 1_700_000_000_000_000],
    ['2023-11-14 17:13:20-0500', 1_700_000_000_000_000],
    ['1700000000', 1_700_000_000_000_000],
    ['1700000000.000001', 1_700_000_000_000_001],
    ['0', 0],
    ['-15m', (NOW_MS - 900_000) * 1000],
    ['-90s', (NOW_MS - 90_000) * 1000],
    ['-1.5h', (NOW_MS - 5_400_000) * 1000],
    ['-2d', (NOW_MS - 172_800_000) * 1000],
    ['-99999d', 0],
    // Without a zone, local time.
    ['2023-11-14', new Date(2023, 10, 14).getTime() * 1000],
    ['2023-11-14T22:13:20', new Date(2023, 10, 14, 22, 13, 20).getTime() * 1000],
    ['2023-11-14 22:13', new Date(2023, 10, 14, 22, 13).getTime() * 1000],
  ];
  for (const [text, us] of times)
    test(text, () => {
      assert.equal(parseTime('--from', text, NOW_MS), us);
    });

  for (const text of [
    '',
    'now',
    '-15',
    '15m',
    '-m',
    '2023-13-01',
    '2023-02-30T12:00Z',
    '2023-11-31',
    '2023-11-14T25:00',
    '1e9',
    '1969-01-01T00:00Z',
    '12345678901',
  ])
    test(`'${text}' is none`, () => {
      assert.throws(() => parseTime('--from', text, NOW_MS), {
        message: `--from ${text}: not a time`,
        exitStatus: 2,
      });
    });
});
