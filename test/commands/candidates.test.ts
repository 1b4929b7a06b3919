import assert from 'node:assert/strict';
import { test } from 'node:test';

import { candidatesFor, type Candidates } from '#kcap/commands/candidates.js';
import { COMMANDS } from '#kcap/commands/commands.js';

function candidates(...words: string[]): Promise<Candidates> {
  return candidatesFor(words, COMMANDS, (what) => Promise.resolve([{ text: `some-${what}` }]));
}

async function texts(...words: string[]): Promise<readonly string[]> {
  const found = await candidates(...words);
  return found.kind === 'words' ? found.candidates.map(({ text }) => text) : [`:${found.kind}`];
}

const CASES: readonly [words: string[], expected: string[]][] = [
  [['dev'], ['devices']],
  [['broker', '--p'], ['--port']],
  [['completion', 'f'], ['fish']],
  [
    ['task', 'st'],
    ['status', 'stop', 'start'],
  ],
  [['task', 'stop', ''], ['some-task']],
  [['task', '--socket', '/a', 'filter', 'so'], ['some-task']],
  [['task', 'filter', 'some-task', ''], []],
  [['task', 'list', ''], []],
  [
    ['-p', '--pack'],
    ['--pack', '--pack-size', '--pack-time'],
  ],
  [['-p', '--no-'], ['--no-promiscuous']],
  [
    ['-c', '--order', ''],
    ['time', 'arrival'],
  ],
  [['-c', '--order=a'], ['--order=arrival']],
  [['-c', '-F', 'n'], ['nsecpcap']],
  [
    ['-ll', ''],
    ['DEBUG', 'INFO', 'WARN', 'ERROR'],
  ],
  [
    ['-p', '-a', ''],
    ['duration:', 'packets:', 'filesize:', 'idle:'],
  ],
  [
    ['-c', '-b', 'f'],
    ['filesize:', 'files:'],
  ],
  [
    ['sip', '--tunnels', 'g'],
    ['gre', 'geneve', 'gtp'],
  ],
  [
    ['sip', '--tunnels=gre,g'],
    ['--tunnels=gre,geneve', '--tunnels=gre,gtp'],
  ],
  [['-c', '-y', ''], ['some-link-type']],
  [['-p', '-i', ''], ['some-interface']],
  [['-qpi', ''], ['some-interface']],
  [['-p', '-X', 'some'], ['some-property']],
  [['-p', '-Z', ''], ['some-user']],
  [['-c', '-t', ''], ['some-topic']],
  [['-p', '-r', 'x'], [':files']],
  [['-p', '--spool', ''], [':folders']],
  [['-p', '-f', ''], []],
  [['-p', ''], []],
  [['nonsense', '-Q', ''], []],
];

for (const [words, expected] of CASES)
  test(`completes '${words.join(' ')}'`, async () => {
    assert.deepEqual(await texts(...words), expected);
  });

test('offers no option of the other mode, and none twice that is given once', async () => {
  const offered = await texts('-p', '-k', 'b:1', '--identify', '--');
  assert.ok(offered.includes('--interface') && offered.includes('--header'));
  for (const option of ['--exit', '--group', '--producer', '--kafka-broker', '--identify'])
    assert.ok(!offered.includes(option), option);
  assert.ok((await texts('-p', '-i', 'lo', '--')).includes('--interface'), 'repeatable');
});
