import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { readPlanFile } from '#kcap/task/plan-file.js';

import { tempFolder } from '../support/temp-folder.js';

async function errorOf(file: string): Promise<string> {
  try {
    await readPlanFile(file);
  } catch (error) {
    assert(error instanceof UserError, String(error));
    return `${error.message}\n${error.remedy ?? ''}`.replaceAll(file, 'FILE');
  }
  throw new Error('it was taken');
}

test('says line and column of what is wrong with a plan', async (t) => {
  const file = path.join(await tempFolder(t), 'plan.cfg');
  await writeFile(file, '# a plan\ncapture[pcap] {\n  set_tag("a", "b");\n}\n');
  assert.equal(
    await errorOf(file),
    [
      'plan FILE: line 3, column 3: set_tag: labels are of a whole task',
      '    set_tag("a", "b");',
      '    ^',
      'use the processor label',
    ].join('\n'),
  );
});

test('shows nothing of another file, and waits for none', async (t) => {
  const folder = await tempFolder(t);
  const [secret, pipe, large] = ['secret', 'pipe', 'large'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  await writeFile(secret, 'root:hash\n');
  await writeFile(large, '#'.repeat(300_000));
  execFileSync('mkfifo', [pipe]);
  assert.match(await errorOf(secret), /^plan FILE: no capture plan: [^]*capture\[NAME\] {\n$/);
  assert.match(await errorOf(pipe), /^plan FILE: not a file\n/);
  assert.match(await errorOf(folder), /^plan FILE: not a file\n/);
  assert.match(await errorOf(large), /^plan FILE: more than 256 KiB\n/);
  assert.match(await errorOf(`${secret}s`), /^plan FILE: ENOENT[^]*give the plan's path/);
});
