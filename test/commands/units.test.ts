import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytesText, countText, spanText } from '#kcap/commands/units.js';

test('bytes are shown in the largest unit that fits', () => {
  const shown = [0, 1, 1023, 1024, 1536, 1_048_588, 123 * 2 ** 20, 2 ** 60].map(bytesText);
  assert.deepEqual(shown, [
    ...['0 bytes', '1 bytes', '1023 bytes', '1 KiB', '1.5 KiB', '1 MiB', '123 MiB', '1024 PiB'],
  ]);
});

test('spans of time are shown in their two largest units', () => {
  const shown = [0, 7, 1500, 59_999, 60_000, 3_900_000, 86_400_000, 612_000_000].map(spanText);
  assert.deepEqual(shown, [
    ...['0 s', '7 ms', '1.5 s', '60 s', '1 min', '1 h 5 min', '1 d', '7 d 2 h'],
  ]);
});

test('counts are shown in groups of three digits', () => {
  assert.equal(countText(1_234_567), '1,234,567');
});
