import assert from 'node:assert/strict';
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

const STRANGER = 65_534;
const skip = process.getuid?.() === 0 ? false : 'needs root, to give files away';

test('-w makes a file that nobody else may read, whatever the umask', async (t) => {
  const file = path.join(await tempFolder(t), 'out.pcap');
  const run = await writing(t, file, ['sh', '-c', 'umask 0 && exec "$@"', 'sh']);
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(readPcap(await readFile(file)).packets, []);
});

test('-w takes /dev/stdout', async (t) => {
  const run = await writing(t, '/dev/stdout', ['sh', '-c', '"$@" | cat', 'sh']);
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.deepEqual(readPcap(run.stdout).packets, []);
});

test(
  '-w leaves a file alone that a stranger has put where kcap would write',
  { skip },
  async (t) => {
    const folder = await tempFolder(t);
    await chmod(folder, 0o1777);
    const file = path.join(folder, 'out.pcap');
    await writeFile(file, 'planted');
    await chown(file, STRANGER, STRANGER);
    const run = await writing(t, file);
    assert.equal((await run.exit).status, 1);
    const error = run.records.find(({ event }) => event === 'error');
    assert.match(String(error?.['msg']), /^kcap: write .*: .* is another user's \(uid 65534\)/);
    assert.match(String(error?.['remedy']), /^remove it/);
    assert.equal(await readFile(file, 'utf8'), 'planted');
  },
);

test('-w leaves the old file as it is when the consumer cannot be made', async (t) => {
  const file = path.join(await tempFolder(t), 'out.pcap');
  await writeFile(file, 'old capture');
  const topic = await freshTopic(t);
  // Each is a good value by itself; together they are refused where the consumer is made.
  const refused = ['-X', 'session.timeout.ms=50000', '-X', 'max.poll.interval.ms=40000'];
  const args = ['-c', '-k', testBrokers(), '-t', topic, '-e', '-w', file, ...refused];
  const run = kcap(t, args);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /max\.poll\.interval\.ms must be/);
  assert.equal(await readFile(file, 'utf8'), 'old capture');
});

async function writing(t: TestContext, file: string, under: string[] = []): Promise<KcapRun> {
  const topic = await freshTopic(t);
  const args = ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e', '-w', file];
  return kcap(t, args, { under });
}
