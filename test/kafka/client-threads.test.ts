import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { runCommand } from '../support/run-command.js';
import { spawnTied } from '../support/tied-process.js';
import { noVeth } from '../support/veth.js';

/** A user whom nobody else is: the limit counts all threads of a user. */
const AS_A_USER = ['setpriv', '--reuid=61234', '--regid=61234', '--clear-groups'] as const;
const MAY_CAPTURE = ['--inh-caps=+net_raw', '--ambient-caps=+net_raw'] as const;
const EAGAIN = 'Resource temporarily unavailable';

test(
  'where there can be no more threads it is said, and the log is written',
  { skip: noVeth },
  async (t) => {
    const script = path.join(import.meta.dirname, 'without-threads.js');
    const child = spawnTied([...AS_A_USER, ...MAY_CAPTURE, process.execPath, script], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // To look for leaks, LeakSanitizer would need a thread.
      env: { ...process.env, LSAN_OPTIONS: 'detect_leaks=0' },
    });
    t.after(() => child.kill('SIGKILL'));
    const { stdin, stdout, stderr } = child;
    assert.ok(stdin && stdout && stderr);
    const said = text(stderr);
    await once(stdout, 'readable');
    await runCommand(...AS_A_USER, 'prlimit', `--pid=${child.pid}`, '--nproc=1:');
    stdin.write('go\n');
    const out = await text(stdout);
    const noMore = `no more threads can be made: ${EAGAIN}`;
    const remedy =
      'raise the limit of processes: ulimit -u, TasksMax= of a unit, pids.max of a container';
    assert.deepEqual(out.split('\n'), [
      'ready',
      `Kafka client: ${noMore}`,
      remedy,
      `Kafka producer: ${noMore}`,
      remedy,
      `Kafka consumer: ${noMore}`,
      remedy,
      EAGAIN,
      `in-memory broker: ${noMore}`,
      remedy,
      `capture on lo: there can't be a thread for it: ${EAGAIN}`,
      '',
    ]);
    assert.equal(await said, 'the log\n');
  },
);
