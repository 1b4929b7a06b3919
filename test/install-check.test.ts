import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { repository } from './support/repository.js';
import { tempFolder } from './support/temp-folder.js';

/** What npm runs before it builds anything; returns what it says on standard error. */
function check(environment: NodeJS.ProcessEnv): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync('/bin/sh', [`${repository}install/check`], {
    env: environment,
    encoding: 'utf8',
  });
  return { status, stderr };
}

/** A machine that has the real compiler and, of the headers of install/needs, all but some. */
async function machineWithout(t: TestContext, ...absent: string[]): Promise<NodeJS.ProcessEnv> {
  const folder = await tempFolder(t);
  for (const line of (await readFile(`${repository}install/needs`, 'utf8')).trim().split('\n')) {
    const [, what = ''] = line.split(' ');
    if (!what.endsWith('.h') || absent.includes(what)) continue;
    await mkdir(path.join(folder, path.dirname(what)), { recursive: true });
    await writeFile(path.join(folder, what), '');
  }
  // Of this machine's own headers none is found.
  return { PATH: process.env['PATH'], CXX: `g++ -nostdinc -isystem ${folder}` };
}

function refusal(cause: string, remedy: string): { status: number; stderr: string } {
  return { status: 1, stderr: `kcap: install: ${cause}\n${remedy}\n` };
}

const APT = 'Install them; on Debian and Ubuntu: apt-get install';

test('finds nothing missing on a machine that can build kcap', () => {
  assert.deepEqual(check({ PATH: process.env['PATH'] }), { status: 0, stderr: '' });
});

test('names the headers that are missing and their packages', async (t) => {
  assert.deepEqual(check(await machineWithout(t)), { status: 0, stderr: '' });
  assert.deepEqual(
    check(await machineWithout(t, 'zstd.h', 'sasl/sasl.h')),
    refusal('not found: sasl/sasl.h, zstd.h', `${APT} libsasl2-dev libzstd-dev`),
  );
});

test('names each package once where tools are missing', async (t) => {
  const folder = await tempFolder(t);
  await symlink('/bin/bash', path.join(folder, 'bash'));
  assert.deepEqual(
    check({ PATH: folder }),
    refusal('not found: a C++20 compiler, make, python3', `${APT} build-essential python3`),
  );
});

test('takes no compiler that knows no C++20', async (t) => {
  const old = path.join(await tempFolder(t), 'old-g++');
  const script = '#!/bin/sh\ncase $* in *-std=c++20*) exit 1 ;; esac\nexec g++ "$@"\n';
  await writeFile(old, script, { mode: 0o755 });
  assert.deepEqual(
    check({ PATH: process.env['PATH'], CXX: old }),
    refusal(`not found: a C++20 compiler (CXX=${old})`, `${APT} build-essential`),
  );
});

for (const [variable, value] of [
  ['JOBS', '2'],
  ['JOBS', 'max'],
  ['npm_config_jobs', '4'],
  ['MAKEFLAGS', '-j8'],
  ['MAKEFLAGS', 'kj'],
  ['MAKEFLAGS', ' -k --jobserver-auth=3,4'],
] as const)
  test(`refuses a parallel make before it begins: ${variable}=${value}`, () => {
    assert.deepEqual(
      check({ PATH: process.env['PATH'], [variable]: value }),
      refusal(
        `${variable}=${value}: librdkafka can't be built by a parallel make`,
        `Run the same command after: unset ${variable}`,
      ),
    );
  });

for (const [variable, value] of [
  ['JOBS', '1'],
  ['MAKEFLAGS', '-j1 --no-print-directory'],
  ['MAKEFLAGS', 'k -- X=j'],
] as const)
  test(`lets a make pass that is not parallel: ${variable}=${value}`, () => {
    assert.equal(check({ PATH: process.env['PATH'], [variable]: value }).status, 0);
  });
