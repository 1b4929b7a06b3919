import assert from 'node:assert/strict';
import { test } from 'node:test';

import { literalOf, literalPattern } from '#kcap/language/byte-pattern.js';

import { random32 } from '../support/random32.js';

test('a literal is found wherever it is, and nowhere else', () => {
  const random = random32(15);
  const text = (length: number) =>
    Array.from({ length }, () => 'aab\u00e9'.charAt(random(4))).join('');
  let found = 0;
  for (let turn = 0; turn < 5000; turn++) {
    const pattern = text(random(6));
    const literal = literalOf(pattern);
    assert.ok(literal);
    const matches = literalPattern(literal);
    // Now and then longer than what is searched here.
    const value = text(random(turn % 50 === 0 ? 400 : 30));
    const bytes = Buffer.from(`${pattern}${value}${pattern}`);
    const start = Buffer.byteLength(pattern);
    const isIn = value.includes(pattern);
    assert.equal(matches(bytes, start, bytes.length - start), isIn, `${pattern} in ${value}`);
    if (isIn) found++;
  }
  assert.ok(found > 500 && found < 4500, String(found));
});
