import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { formatLocal, microsecondsOf } from '#kcap/packet/timestamp.js';

// Read anew by Date whenever it is set.
process.env['TZ'] = 'UTC';

describe('microsecondsOf', () => {
  test('is exact for all seconds that a record can hold', () => {
    assert.equal(microsecondsOf(0xffffffff, 999_999), 4_294_967_295_999_999);
  });
});

describe('formatLocal', () => {
  const cases: [seconds: number, fractionUs: number, zone: string, expected: string][] = [
    [0, 0, 'UTC', '1970-01-01 00:00:00.000000'],
    [0, 1, 'UTC', '1970-01-01 00:00:00.000001'],
    [1, 999_999, 'UTC', '1970-01-01 00:00:01.999999'],
    [951_827_696, 7008, 'UTC', '2000-02-29 12:34:56.007008'],
    [0xffffffff, 999_999, 'UTC', '2106-02-07 06:28:15.999999'],
    [1_700_000_000, 42, 'America/New_York', '2023-11-14 17:13:20.000042'],
    [1_700_000_000, 42, 'Asia/Kathmandu', '2023-11-15 03:58:20.000042'],
    // The hour that comes twice when summer time ends.
    [1_698_537_600, 0, 'Europe/Berlin', '2023-10-29 02:00:00.000000'],
    [1_698_541_200, 0, 'Europe/Berlin', '2023-10-29 02:00:00.000000'],
  ];
  for (const [seconds, fractionUs, zone, expected] of cases) {
    test(`${seconds} s ${fractionUs} us in ${zone} is ${expected}`, (t) => {
      t.after(() => (process.env['TZ'] = 'UTC'));
      process.env['TZ'] = zone;
      assert.equal(formatLocal(microsecondsOf(seconds, fractionUs)), expected);
    });
  }
});
