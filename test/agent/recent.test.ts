import assert from 'node:assert/strict';
import { test } from 'node:test';

import { recent } from '#kcap/agent/recent.js';

const LONG_MS = 3_600_000;

test('those who ask at the same time, or soon after, get the same answer', async () => {
  let asked = 0;
  const count = recent(() => Promise.resolve(++asked), LONG_MS);
  assert.deepEqual(await Promise.all([count(), count()]), [1, 1]);
  assert.equal(await count(), 1);
});

test('an answer that is too old is asked for again', async () => {
  let asked = 0;
  const count = recent(() => Promise.resolve(++asked), 0);
  assert.equal(await count(), 1);
  assert.equal(await count(), 2);
});

test('what failed is asked again at once', async () => {
  let asked = 0;
  const count = recent(
    () => (++asked === 1 ? Promise.reject(new Error('away')) : Promise.resolve(asked)),
    LONG_MS,
  );
  await assert.rejects(count(), /away/);
  assert.equal(await count(), 2);
});
