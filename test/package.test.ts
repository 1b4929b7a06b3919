import assert from 'node:assert/strict';
import { rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { repository } from './support/repository.js';
import { runCommand } from './support/run-command.js';
import { tempFolder } from './support/temp-folder.js';

/** Built by their own install scripts, node-rdkafka in minutes: what `npm ci` has built here serves. */
const BUILT = ['node-rdkafka', 'cap'];

test('the packed tarball installs in an empty folder, builds its addon there and runs', async (t) => {
  const folder = await tempFolder(t);
  const inFolder = (...command: string[]) =>
    runCommand('env', '--chdir', folder, 'NODE_ENV=', ...command);

  await runCommand(
    'npm',
    '--prefix',
    repository,
    'pack',
    repository,
    '--ignore-scripts',
    '--pack-destination',
    folder,
  );
  const tarball = (await inFolder('sh', '-c', 'ls *.tgz')).trim();
  assert.match(tarball, /^kcap-\d+\.\d+\.\d+\.tgz$/);
  const content = (await inFolder('tar', '-tf', tarball)).split('\n');
  for (const file of ['bin/kcap.js', 'dist/kcap.js', 'native/addon.cc', 'binding.gyp', 'LICENSE'])
    assert.ok(content.includes(`package/${file}`), file);
  assert.ok(
    !content.some((file) => /^package\/(test|src|scripts|build|node_modules)\//.test(file)),
  );

  await inFolder('npm', 'init', '--yes');
  await inFolder('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`);
  for (const name of BUILT) {
    const installed = path.join(folder, 'node_modules', name);
    await rm(installed, { recursive: true });
    await symlink(`${repository}node_modules/${name}`, installed);
  }
  await inFolder('npm', 'rebuild', 'kcap');
  assert.match(
    await inFolder('node_modules/.bin/kcap', '--version'),
    /^kcap \d+\.\d+\.\d+\nlibrdkafka/,
  );
  assert.match(await inFolder('node_modules/.bin/kcap', 'devices'), /^lo /m);
});
