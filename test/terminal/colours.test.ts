import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import { pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

// oxlint-disable-next-line no-control-regex -- it is what this is about
const COLOUR = /\x1b\[\d+m/;
// oxlint-disable-next-line no-control-regex -- it is what this is about
const ESCAPE = /\x1b/;

test('a terminal gets colours', async (t) => {
  assert.match(await atATerminal(t, { TERM: 'xterm', NO_COLOR: '' }), COLOUR);
});

test('a terminal gets no colours where NO_COLOR is set', async (t) => {
  assert.doesNotMatch(await atATerminal(t, { TERM: 'xterm', NO_COLOR: '1' }), COLOUR);
});

test('a dumb terminal gets neither colours nor what moves its cursor', async (t) => {
  assert.doesNotMatch(await atATerminal(t, { TERM: 'dumb', NO_COLOR: '' }), ESCAPE);
});

/** What a terminal shows of a run. */
async function atATerminal(t: TestContext, env: Record<string, string>): Promise<string> {
  const topic = await freshTopic(t);
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, pcapFile({ packets: [] }));
  const args = ['-p', '-k', testBrokers(), '-t', topic, '-r', file];
  const shell = `script -qec "$(printf '%s ' "$@")" /dev/null`;
  const run = kcap(t, args, { env, under: ['sh', '-c', shell, 'sh'] });
  assert.equal((await run.exit).status, 0);
  assert.match(run.stdout.toString(), /packet\(s\) in/);
  return run.stdout.toString();
}
