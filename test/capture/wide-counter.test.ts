import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { WideCounter } from '#kcap/capture/wide-counter.js';

describe('a wide counter', () => {
  test('goes on where 32 bits begin again at 0', () => {
    const counter = new WideCounter();
    const values = [5, 2 ** 31, 2 ** 32 - 1, 3, 2 ** 31];
    const totals = values.map((value) => counter.at(value));
    assert.deepEqual(totals, [5, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 3, 2 ** 32 + 2 ** 31]);
  });

  test('stays as it is where the other counter went back', () => {
    const counter = new WideCounter();
    assert.deepEqual(
      [100, 10, 12].map((value) => counter.at(value)),
      [100, 100, 102],
    );
  });
});
