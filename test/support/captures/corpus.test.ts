import assert from 'node:assert/strict';
import { test } from 'node:test';

import { corpus } from './corpus.js';
import { corpusFiles, readCorpusFolder } from './corpus-folder.js';

test('the files in test/corpus are what scripts/make-corpus writes', async () => {
  const [expected, found] = [corpusFiles(), await readCorpusFolder()];
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [name, bytes] of expected) assert.ok(found.get(name)?.equals(bytes), name);
});

test('no two captures of the corpus are the same', () => {
  const contents = corpus().map(({ bytes }) => bytes.toString('hex'));
  assert.deepEqual(
    contents.filter((content, index) => contents.indexOf(content) !== index),
    [],
  );
});
