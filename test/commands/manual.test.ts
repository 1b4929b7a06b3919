import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { COMMANDS } from '#kcap/commands/commands.js';
import { manualName } from '#kcap/commands/manual.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';

const PAGES = COMMANDS.map((command) => `dist/man/${manualName(command)}.1`).sort();

test('every command has a manual page, and the package names them all', async () => {
  const written = await readdir(`${repository}dist/man`);
  assert.deepEqual(written.map((name) => `dist/man/${name}`).sort(), PAGES);
  const { man } = JSON.parse(await readFile(`${repository}package.json`, 'utf8')) as {
    man: string[];
  };
  assert.deepEqual(man.toSorted(), PAGES, 'name each page in "man" of package.json');
});

for (const command of COMMANDS) {
  const page = `${repository}dist/man/${manualName(command)}.1`;
  test(`${manualName(command)}(1) is sound, and has every option`, async () => {
    const warnings = await runCommand('sh', '-c', 'groff -man -Tutf8 -ww -z "$0" 2>&1', page);
    assert.equal(warnings, '');
    const shown = await runCommand('sh', '-c', 'groff -man -Tutf8 -P-cbou "$0"', page);
    for (const [name, { default: fallback }] of Object.entries(command.options))
      assert.match(shown, new RegExp(`--${fallback === true ? 'no-' : ''}${name}\\b`));
    const named = await runCommand('lexgrog', page);
    assert.ok(named.includes(`${manualName(command)} - ${command.summary}`), named);
  });
}
