import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { repository } from './repository.js';

const compiledTests = `${repository}dist-test/`;

/** The compiled test files whose path contains one of the patterns; all where there is no pattern. */
export async function findTestFiles(patterns: readonly string[]): Promise<string[]> {
  const all = await readdir(compiledTests, { recursive: true });
  // A pattern may be the path that one has at hand: test/kafka/topic.test.ts.
  const parts = patterns.map((pattern) => pattern.replace(/^test\//, '').replace(/\.ts$/, '.js'));
  return all
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort()
    .map((file) => path.join(compiledTests, file));
}
