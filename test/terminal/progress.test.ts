import assert from 'node:assert/strict';
import { test } from 'node:test';

import { progressText } from '#kcap/terminal/progress.js';

import { accountWith } from '../pipeline/ends.js';

test('the progress line shows what is in and out, and all that is lost', () => {
  const moved = { taken: 9, out: 7 };
  assert.equal(progressText(accountWith(moved)), "'9' in, '7' out ");
  const losses = accountWith({ ...moved, failed: 1 }, { dropped_kernel: 1 });
  assert.equal(progressText(losses), "'9' in, '7' out, '2' lost ");
});
