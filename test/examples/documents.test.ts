import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { exampleDocuments } from '../support/example-files.js';
import { kcap } from '../support/kcap.js';
import { repository } from '../support/repository.js';

test('every example is what kcap validate takes it for', async (t) => {
  const { tasks, configurations } = await exampleDocuments();
  const files = [...tasks, ...configurations];
  const run = kcap(t, ['validate', '-f', ...files], { cwd: repository });
  assert.equal((await run.exit).status, 0, run.stderr);
  const lines = run.stdout.toString().trimEnd().split('\n');
  assert.equal(lines.length, files.length);
  for (const [index, file] of files.entries()) {
    const what = tasks.includes(file) ? /: task [\w.-]+$/ : /: the configuration of an agent$/;
    const line = lines[index] ?? '';
    assert(line.startsWith(`${file}: `), line);
    assert.match(line, what);
  }
});

test("a task's file is called as its task", async () => {
  for (const file of (await exampleDocuments()).tasks.filter((name) => name.includes('/tasks/'))) {
    const [, id] = /^id: (.+)$/m.exec(await readFile(repository + file, 'utf8')) ?? [];
    const name = /([\w-]+)\.yaml$/.exec(file)?.[1];
    assert(id === name || name === 'short', `${file}: ${id ?? ''}`);
  }
});
