import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALONE, lanesOf, LONG, PACED } from './lanes.js';
import { findTestFiles } from './test-files.js';

test('each test file is in one lane, once, and each name is that of a file', async () => {
  const files = await findTestFiles([]);
  const inLanes = lanesOf(files).flatMap((lane) => lane.files);
  assert.deepEqual(inLanes.toSorted(), files);
  const names = files.map((file) => file.replace(/^.*\/dist-test\/(.*)\.test\.js$/, '$1'));
  for (const name of [...PACED, ...ALONE, ...LONG]) assert.ok(names.includes(name), name);
});
