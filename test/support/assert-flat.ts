import assert from 'node:assert/strict';

import { collectGarbage } from './collect-garbage.js';

const MIB = 1024 * 1024;

/** Does something twice: the second time it may leave no more in memory than the first time. */
export async function assertFlat(use: () => void): Promise<void> {
  use();
  await collectGarbage();
  const before = process.memoryUsage();
  use();
  await collectGarbage();
  const after = process.memoryUsage();
  for (const what of ['heapUsed', 'arrayBuffers'] as const) {
    const grown = after[what] - before[what];
    assert.ok(grown < MIB, `${what} has grown by ${grown} bytes`);
  }
}
