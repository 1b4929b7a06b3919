import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { committedOffsets, freshTopic, sendMessages } from '../support/topic.js';

const PACKET = { key: Buffer.alloc(8), value: Buffer.alloc(60) };
const ENV = `KCAP_NODE=${process.execPath}`;

describe('signals that were ignored when kcap was started', () => {
  test('stay ignored; others stop it', async (t) => {
    const run = await consuming(t, ['sh', '-c', `trap '' HUP INT; exec "$@"`, 'sh']);
    await run.started();
    const status = await readFile(`/proc/${run.pid}/status`, 'utf8');
    const ignored = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(status)?.[1] ?? ''}`);
    assert.equal(ignored & 0b11n, 0b11n);
    run.signal('SIGHUP');
    run.signal('SIGINT');
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    assert.doesNotMatch(run.stderr, /SIGHUP|SIGINT/);
    assert.match(run.stderr, /SIGTERM: stopping/);
  });

  test('are none where nobody ignores any', async (t) => {
    const run = await consuming(t);
    await run.started();
    run.signal('SIGHUP');
    assert.equal((await run.exit).status, 0);
    assert.match(run.stderr, /SIGHUP: stopping/);
  });
});

test('a signal before the run has begun ends kcap as it ends others, with a summary of nothing', async (t) => {
  // Nobody answers there, which kcap finds out only after a while.
  const args = ['-k', '192.0.2.1:9092', '-X', 'debug=broker', '-ll', 'DEBUG'];
  const run = kcap(t, ['-c', '-t', 'pcap', ...args]);
  await run.waitForLog(/librdkafka/);
  run.signal('SIGTERM');
  assert.equal((await run.exit).signal, 'SIGTERM');
  assert.match(run.stderr, /SIGTERM: ending before anything was captured or read/);
  assert.equal(run.summary().packets_in, 0);
});

describe('standard descriptors that were closed when kcap was started', () => {
  test('are refused where packets or text would go to them, and nothing is committed', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [PACKET]);
    const group = `kcap-test-${randomUUID()}`;
    const args = ['-c', '-k', testBrokers(), '-t', topic, '-o', 'stored', '-g', group, '-e'];
    for (const more of [[], ['-w', '/dev/stdout'], ['-pp', '1']]) {
      const run = kcap(t, [...args, ...more], { under: ['sh', '-c', 'exec "$@" >&-', 'sh'] });
      assert.equal((await run.exit).status, 2);
      assert.match(run.stderr, /^kcap: standard output: it is closed\nredirect it/m);
    }
    assert.deepEqual(await committedOffsets(topic, group), [undefined]);
  });

  test('are refused where packets would come from them', async (t) => {
    const topic = await freshTopic(t);
    const args = ['-p', '-k', testBrokers(), '-t', topic, '-r', '-'];
    const run = kcap(t, args, { under: ['sh', '-c', 'exec "$@" <&-', 'sh'] });
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, /^kcap: standard input: it is closed/m);
  });

  test('are no matter where they are not needed', async (t) => {
    const file = path.join(await tempFolder(t), 'out.pcap');
    const run = await consuming(
      t,
      ['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'],
      ['-o', 'begin', '-e', '-w', file],
    );
    assert.equal((await run.exit).status, 0);
    assert.equal((await readFile(file)).length, 24 + 16 + 60);
  });
});

describe('bin/kcap', () => {
  test('is found through links, as npm makes them', async (t) => {
    const folder = await tempFolder(t);
    await symlink(`${repository}bin/kcap`, path.join(folder, 'first'));
    await symlink('first', path.join(folder, 'second'));
    const run = (...command: string[]) => runCommand('env', '--chdir', folder, ENV, ...command);
    for (const file of ['./second', path.join(folder, 'second')])
      assert.match(await run(file, '--version'), /^kcap /);
    assert.match(await run(`PATH=${folder}:/usr/bin:/bin`, 'second', '--version'), /^kcap /);
  });

  test('says that it misses Node', async () => {
    await assert.rejects(runCommand('env', 'KCAP_NODE=no-such-node', `${repository}bin/kcap`), {
      code: 1,
      stderr: /^kcap: no-such-node: command not found\ninstall Node\.js/,
    });
  });

  test('is not needed: Node starts bin/kcap.js as well', async () => {
    const text = await runCommand(process.execPath, `${repository}bin/kcap.js`, '--version');
    assert.match(text, /^kcap /);
  });
});

/** A consumer of a topic that holds a packet. */
async function consuming(
  t: TestContext,
  under: readonly string[] = [],
  args: readonly string[] = [],
): Promise<KcapRun> {
  const topic = await freshTopic(t);
  await sendMessages(topic, [PACKET]);
  return kcap(t, ['-c', '-k', testBrokers(), '-t', topic, ...args], { under });
}
