import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { installLauncher, removeLauncher } from '#kcap/extcap/launcher.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';

test('the launcher starts kcap by its Node, whatever their paths', async (t) => {
  const folder = path.join(await tempFolder(t), "it's a folder");
  await mkdir(folder);
  const kcap = path.join(folder, 'kcap $HOME');
  await writeFile(kcap, '#!/bin/sh\necho "$KCAP_NODE" "$@"\n');
  await chmod(kcap, 0o755);
  const extcap = path.join(folder, 'extcap');
  const file = installLauncher(extcap, { kcap, node: process.execPath });
  assert.equal(await runCommand(file, '--a b'), `${process.execPath} extcap --a b\n`);
  assert.equal((await stat(file)).mode & 0o777, 0o755);
  // Node has been moved away since.
  installLauncher(extcap, { kcap, node: path.join(folder, 'gone') });
  assert.equal(await runCommand(file), 'node extcap\n');
  assert.deepEqual(await readdir(extcap), ['kcap']);
  assert.equal(removeLauncher(extcap), file);
  assert.equal(removeLauncher(extcap), undefined);
});

test("a file that is not kcap's stays", async (t) => {
  const folder = await tempFolder(t);
  const file = path.join(folder, 'kcap');
  await writeFile(file, '#!/bin/sh\n');
  assert.throws(() => installLauncher(folder, { kcap: '/kcap', node: '/node' }), {
    message: `${file}: it was not put there by kcap`,
  });
  assert.equal(removeLauncher(folder), undefined);
  assert.deepEqual(await readdir(folder), ['kcap']);
});
