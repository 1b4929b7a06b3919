import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { METRICS } from '#kcap/agent/metric-definitions.js';

import { repository } from '../support/repository.js';

test("docs/agent-remote.md has the metrics' table as they are defined", async () => {
  const page = await readFile(`${repository}docs/agent-remote.md`, 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\|(.*)\|(.*)\|$/gm)];
  const found = rows.map(([, name, kind, labels = '', help = '']) => ({
    ...{ name, kind, help: help.trim() },
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  }));
  const defined = METRICS.map(({ name, kind, labels, help }) => ({ name, kind, help, labels }));
  assert.deepEqual(
    found,
    defined,
    'write the table of docs/agent-remote.md anew, in the order of METRICS',
  );
});
