import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOTHING_MOVED } from '#kcap/pipeline/summary.js';
import { progressText } from '#kcap/terminal/progress.js';

test('the progress line shows what is in and out, and all that is lost', () => {
  const moved = { ...NOTHING_MOVED, packets_in: 9, packets_out: 7 };
  assert.equal(progressText(moved), "'9' in, '7' out ");
  assert.equal(progressText({ ...moved, lost: 2 }), "'9' in, '7' out, '2' lost ");
});
