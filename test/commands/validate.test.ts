import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { tempFolder } from '../support/temp-folder.js';

test('says of each file what it is, or all that is wrong with it', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(path.join(folder, 'good.yaml'), 'id: a\ninterface: lo\n');
  await writeFile(path.join(folder, 'bad.yaml'), 'id: a\ninterfac: lo\nlimits: {packets: many}\n');
  await writeFile(path.join(folder, 'agent.yaml'), 'otus: {}\n');
  const run = kcap(t, ['validate', '-f', 'bad.yaml', 'good.yaml', '-f', 'agent.yaml', 'none'], {
    cwd: folder,
  });
  assert.equal((await run.exit).status, 2);
  assert.deepEqual(run.stdout.toString().split('\n').toSorted(), [
    '',
    'agent.yaml: the configuration of an agent',
    'good.yaml: task a',
  ]);
  assert.equal(
    run.stderr,
    [
      'kcap: bad.yaml, line 2, column 1: interfac: no such key',
      '  interfac: lo',
      '  ^',
      'did you mean interface?',
      'kcap: bad.yaml, line 3, column 19: limits.packets: a text where a number should be',
      '  limits: {packets: many}',
      '                    ^',
      'kcap: none: ENOENT: no such file or directory',
      'check its path',
      '',
    ].join('\n'),
  );
});

test('names keys that have no effect', async (t) => {
  const folder = await tempFolder(t);
  const task = 'id: a\ninterface: lo\nchannel_capacity:\n  raw_stream: 5\n  capture_ch:\n';
  await writeFile(path.join(folder, 'task.yaml'), task);
  await writeFile(path.join(folder, 'agent.yaml'), 'kcap: {node: {role: UAS}}\n');
  const run = kcap(t, ['validate', 'task.yaml', 'agent.yaml'], { cwd: folder });
  assert.equal((await run.exit).status, 0);
  assert.equal(
    run.stderr,
    [
      'kcap: task.yaml, line 4, column 3: channel_capacity.raw_stream: without effect: ' +
        "packets wait in the kernel's ring (buffer_mib)",
      'kcap: agent.yaml, line 1, column 15: kcap.node.role: without effect: kcap has no roles',
      '',
    ].join('\n'),
  );
});

test('reads standard input', async (t) => {
  const run = kcap(t, ['validate', '-f', '-'], {
    stdin: Buffer.from('{"id": "a", "interface": "lo"}'),
  });
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal(run.stdout.toString(), 'standard input: task a\n');
});

test('takes variables from the environment', async (t) => {
  const stdin = Buffer.from('kcap: {kafka: {brokers: "${BROKERS}"}}');
  const env = { BROKERS: 'b:9092', KCAP__METRICS__ENABLED: 'maybe' };
  const run = kcap(t, ['validate', '-f', '-'], { stdin, env });
  assert.equal((await run.exit).status, 2);
  assert.equal(
    run.stderr,
    'kcap: standard input: KCAP__METRICS__ENABLED in the environment: a text where true or false should be\n',
  );
});

test('needs a file', async (t) => {
  const run = kcap(t, ['validate']);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /^kcap: file: none given\n/);
});
