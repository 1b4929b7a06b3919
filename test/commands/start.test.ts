import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { repository } from '../support/repository.js';

/** The packages that a module imports at once, also through others: `import()` does not count. */
async function packagesOf(module: string, seen = new Set<string>()): Promise<string[]> {
  if (seen.has(module)) return [];
  seen.add(module);
  const imports = (await readFile(module, 'utf8')).matchAll(/^(?:import|export) .*?'([^']+)';$/gm);
  const packages: string[] = [];
  for (const [, name = ''] of imports)
    if (name.startsWith('.'))
      packages.push(...(await packagesOf(path.resolve(path.dirname(module), name), seen)));
    else if (!name.startsWith('node:')) packages.push(name);
  return packages;
}

test('only the commands that need a package load it', async () => {
  assert.deepEqual(await packagesOf(`${repository}dist/main.js`), []);
  // What is looked for is found.
  const describing = await packagesOf(`${repository}dist/task/description/capture.js`);
  assert.ok(describing.includes('zod'), String(describing));
});
