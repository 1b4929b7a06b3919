import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { repository } from './support/repository.js';
import { runCommand } from './support/run-command.js';
import { tempFolder } from './support/temp-folder.js';

const SERIAL = ['env', '--unset=MAKEFLAGS', '--unset=MAKELEVEL'] as const;

test('has librdkafka built on all processors, with one page of its documentation', async (t) => {
  const kcap = await tempFolder(t);
  await cp(`${repository}install`, path.join(kcap, 'install'), { recursive: true });
  const prepare = path.join(kcap, 'install/prepare');
  // Nothing to prepare, and no reason to fail: other package managers bring packages later.
  assert.equal(await runCommand(prepare), '');

  const librdkafka = path.join(kcap, 'node_modules/node-rdkafka/deps/librdkafka');
  await mkdir(librdkafka, { recursive: true });
  await writeFile(path.join(kcap, 'node_modules/node-rdkafka/package.json'), '{}');
  await writeFile(
    path.join(librdkafka, 'Makefile'),
    'DOC_FILES = all of it\nlibs:\n\t@echo $(MAKE) and $(DOC_FILES)\nDOC_FILES += and more\n',
  );
  assert.equal(await runCommand(prepare), '');
  const processors = (await runCommand('nproc')).trim();
  assert.equal(
    await runCommand(...SERIAL, 'make', '--no-print-directory', '-C', librdkafka, 'libs'),
    `make --jobs=${processors} and LICENSE\n`,
  );
});
