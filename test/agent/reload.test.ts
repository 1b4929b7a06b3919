import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AGENT } from '#kcap/agent/configuration/configuration.js';
import { changesBetween, effective, wordsFor } from '#kcap/agent/reload.js';

const BEFORE = { node: { hostname: 'edge-1' }, kafka: { brokers: ['a:9092'] } };
const before = AGENT.parse(BEFORE);

test('a configuration that is the same changes nothing', () => {
  const changes = changesBetween(before, AGENT.parse(BEFORE));
  assert.deepEqual(changes, { changed: [], restart: [] });
  assert.equal(wordsFor(changes), 'reloaded: nothing has changed');
});

test('what changes is named by its key, and what takes a restart stays as it was', () => {
  const next = AGENT.parse({
    ...BEFORE,
    node: { hostname: 'edge-2' },
    data_dir: '/elsewhere',
    log: { level: 'debug' },
    reporters: { hep: { servers: ['10.0.0.1:9060'] } },
    resources: { max_workers: 3 },
  });
  const changes = changesBetween(before, next);
  assert.deepEqual(changes, {
    changed: ['log.level', 'resources', 'reporters.hep'],
    restart: ['node', 'data_dir'],
  });
  assert.equal(
    wordsFor(changes),
    'reloaded: log.level, resources, reporters.hep; after a restart only: node, data_dir',
  );
  const holding = effective(before, next);
  assert.equal(holding.node.hostname, 'edge-1');
  assert.equal(holding.dataDir, '/var/lib/kcap');
  assert.equal(holding.log.level, 'debug');
  assert.equal(holding.resources.maxWorkers, 3);
});
