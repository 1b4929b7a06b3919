import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALONE, givesWay, LONG, PACED, stagesOf } from './lanes.js';
import { findTestFiles } from './test-files.js';

test('each test file is in one lane, once, and each name is that of a file', async () => {
  const files = await findTestFiles([]);
  const inLanes = stagesOf(files).flatMap((stage) => stage.flatMap((lane) => lane.files));
  assert.deepEqual(inLanes.toSorted(), files);
  const names = files.map((file) => file.replace(/^.*\/dist-test\/(.*)\.test\.js$/, '$1'));
  for (const name of [...PACED, ...ALONE, ...LONG]) assert.ok(names.includes(name), name);
});

test('only the files of the first lane give way', async () => {
  const [[first, ...beside] = [], ...later] = stagesOf(await findTestFiles([]));
  assert.ok(first?.files.every(givesWay));
  const others = [...beside, ...later.flat()].flatMap((lane) => lane.files);
  assert.equal(others.length, PACED.length + ALONE.length);
  assert.ok(!others.some(givesWay));
});
