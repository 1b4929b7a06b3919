import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InMemoryKafka } from '../kafka/in-memory.js';
import { kcap } from '../support/kcap.js';
import { runCommand } from '../support/run-command.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const FRAME = Buffer.alloc(60);

test(
  'says that an interface is down and up again, and captures on',
  { skip: noVeth },
  async (t) => {
    const kafka = new InMemoryKafka(t);
    const veth = await vethPair(t);
    const run = kcap(t, ['-p', '-k', kafka.address, '-t', kafka.topic, '-i', veth.inside]);
    await run.started();
    await sendFrames(veth, [FRAME]);
    await runCommand('ip', 'link', 'set', veth.inside, 'down');
    await run.waitForLog(({ event }) => event === 'link-down');
    await runCommand('ip', 'link', 'set', veth.inside, 'up');
    const up = await run.waitForLog(({ event }) => event === 'link-up');
    assert.equal(up['interface'], veth.inside);
    await sendFrames(veth, [FRAME, FRAME]);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    assert.equal(run.summary().packets_out, 3);
  },
);

test('--stats-interval logs the account while the run goes on', { skip: noVeth }, async (t) => {
  const kafka = new InMemoryKafka(t);
  const veth = await vethPair(t);
  const run = kcap(t, [
    ...['-p', '-k', kafka.address, '-t', kafka.topic, '-i', veth.inside],
    ...['--stats-interval', '0.1'],
  ]);
  await run.started();
  await sendFrames(veth, [FRAME, FRAME]);
  const delivered = await run.waitForLog(
    (record) => record.event === 'statistics' && record['packets_out'] === 2,
  );
  assert.equal(delivered['packets_in'], 2);
  assert.equal(delivered['packets_under_way'], 0);
  assert.equal(delivered['bytes_out'], 120);
  assert.equal(delivered['msg'], "'2' packet(s) in, '2' packet(s) out");
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
});

test('--stats-interval for a consumer', async (t) => {
  const kafka = new InMemoryKafka(t);
  const run = kcap(t, ['-c', '-k', kafka.address, '-t', kafka.topic, '--stats-interval', '0.1']);
  const record = await run.waitForLog(({ event }) => event === 'statistics');
  assert.equal(record['packets_in'], 0);
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
});

test('--stats-interval takes a number of seconds', async (t) => {
  const run = kcap(t, ['-c', '-k', 'b:1', '-t', 'x', '--stats-interval', 'often']);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /^kcap: --stats-interval often: not a number of seconds\n/);
});
