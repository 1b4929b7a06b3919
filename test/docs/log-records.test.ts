import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { Tally } from '#kcap/pipeline/account.js';
import { summarize } from '#kcap/pipeline/summary.js';

import { repository } from '../support/repository.js';

const page = await readFile(`${repository}docs/log-records.md`, 'utf8');
const [events = '', summary = ''] = page.split('## The summary');

test('docs/log-records.md has every event that is logged, and no other', async () => {
  const logged = new Set<string>();
  for (const file of await readdir(`${repository}src`, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const source = await readFile(path.join(repository, 'src', file), 'utf8');
    for (const [, value = ''] of source.matchAll(/\bevent: ([^,}\n]*'[^,}\n]*)/g))
      for (const [, name = ''] of value.matchAll(/'([a-z-]+)'/g)) logged.add(name);
  }
  assert.deepEqual(named(events).sort(), [...logged].sort());
});

test('docs/log-records.md has every field of the summary', () => {
  const record = summarize(
    { ...new Tally().account(), spool: '/spool', workers: [], branches: new Map() },
    0,
  );
  assert.deepEqual(named(summary).sort(), Object.keys(record).sort());
});

/** The names in the first column of a page's table. */
function named(part: string): string[] {
  const cells = [...part.matchAll(/^\| (`[^|]*)\|/gm)].map(([, cell = '']) => cell);
  return cells
    .flatMap((cell) => [...cell.matchAll(/`([a-z_-]+)`/g)].map(([, name = '']) => name))
    .filter((name) => name !== 'event');
}
