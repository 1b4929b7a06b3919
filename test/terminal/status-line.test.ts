import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

for (const columns of [12, 20, 80])
  test(`progress is one line of a terminal with ${columns} columns, and gone at the end`, async (t) => {
    const topic = await freshTopic(t);
    const file = path.join(await tempFolder(t), 'out.pcap');
    const args = ['-c', '-k', testBrokers(), '-t', topic, '-w', file, '-a', 'duration:1.2'];
    const shell = `script -qec "stty cols ${columns}; $(printf '%s ' "$@")" /dev/null`;
    const env = { TERM: 'xterm', NO_COLOR: '1' };
    const run = kcap(t, args, { env, under: ['sh', '-c', shell, 'sh'] });
    assert.equal((await run.exit).status, 0);
    const shown = run.stdout.toString();
    const lines = shown.split(/[\r\n]+/).filter((line) => line.startsWith('0 packets'));
    assert.ok(lines.length > 0, shown);
    for (const line of lines) assert.ok(line.length < columns, line);
    // Where the last one stood, the log goes on.
    assert.match(shown, /0 packets[^\r\n]*\r\x1b\[K[^\r\n]*stopping: -a duration:1\.2/); // oxlint-disable-line no-control-regex
    assert.doesNotMatch(shown.split('packet(s) in').at(-1) ?? '', /packets,/);
  });
