import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';

/** `kcap broker --help` in a Node that takes itself for another version. */
async function withNode(t: TestContext, version: string): Promise<KcapRun> {
  const preload = path.join(await tempFolder(t), 'version.cjs');
  await writeFile(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );
  const run = kcap(t, ['broker', '--help'], {
    env: { ...process.env, NODE_OPTIONS: `--require ${preload}` },
  });
  await run.exit;
  return run;
}

for (const version of ['18.20.4', '20.18.3'])
  test(`Node ${version} is too old`, async (t) => {
    const run = await withNode(t, version);
    assert.equal((await run.exit).status, 1);
    assert.equal(run.stdout.length, 0);
    assert.equal(
      run.stderr,
      `kcap: Node ${version}: too old\ninstall Node 20.19 or a later one, up to 26\n`,
    );
  });

for (const version of ['20.19.0', '26.99.9'])
  test(`Node ${version} is right`, async (t) => {
    const run = await withNode(t, version);
    assert.equal((await run.exit).status, 0);
    assert.equal(run.stderr, '');
  });

test('a Node newer than what kcap supports is told, and works if it can', async (t) => {
  const run = await withNode(t, '27.0.0');
  assert.equal((await run.exit).status, 0);
  assert.match(run.stdout.toString(), /^Usage:/);
  assert.match(run.stderr, /^kcap: Node 27\.0\.0: newer than what kcap supports \(20\.19 to 26\)/);
});

test('the package says the same to npm', async () => {
  const manifest = JSON.parse(await readFile(`${repository}package.json`, 'utf8')) as {
    engines: { node: string };
  };
  assert.equal(manifest.engines.node, '>=20.19 <27');
});
