import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Backoff } from '#kcap/task/backoff.js';

test('waits twice as long each time, up to a minute', () => {
  const backoff = new Backoff(() => 0);
  const waits = Array.from({ length: 8 }, () => backoff.next() / 1000);
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
});

test('begins anew with the shortest after it has worked for longer than a minute', () => {
  let now = 0;
  const backoff = new Backoff(() => now);
  backoff.next();
  backoff.next();
  backoff.begin();
  now = 60_000;
  assert.equal(backoff.next(), 4000);
  backoff.begin();
  now = 120_001;
  assert.equal(backoff.next(), 1000);
});
