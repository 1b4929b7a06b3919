import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { UserError, usageError } from '#kcap/errors/user-error.js';
import { Task } from '#kcap/task/task.js';
import type { TaskState } from '#kcap/task/task-status.js';

import { keptLog } from '../kafka/log.js';
import { runCommand } from '../support/run-command.js';
import { waitFor } from '../support/wait-for.js';
import { read, shortTask } from './described.js';
import { ScriptedRuns, type Script } from './scripted-runs.js';

const AWAY = new UserError('connect to b:9092', 'Connection refused', { passes: 'away' });
const GONE = new UserError('capture on eth0', 'the interface is down');
const WRONG = usageError("-f 'nonsense'", 'syntax error');

async function taskOf(
  { document = shortTask('t'), drainTimeoutMs = 1000 } = {},
  ...scripts: Script[]
) {
  const runs = new ScriptedRuns(...scripts);
  const states: TaskState[] = [];
  const waits: number[] = [];
  const { log, records } = keptLog();
  const task = new Task(await read(document), {
    ...{ open: runs.openRun, log, drainTimeoutMs },
    onChange: ({ state }) => states.push(state),
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  const comesTo = (state: TaskState) =>
    waitFor(() => task.state === state, { limitMs: 10_000, what: state });
  return { task, runs, states, waits, records, comesTo };
}

describe('a task', () => {
  test('runs until it is stopped, and counts', async () => {
    const { task, runs, states } = await taskOf({}, { packets: 3, then: 'wait' });
    assert.equal(task.state, 'created');
    await task.start();
    assert.equal(task.state, 'running');
    assert.ok(task.status().startedAt);
    await waitFor(() => task.status().account.out.packets === 3, { limitMs: 5000, what: '3 out' });
    await task.stop();
    assert.deepEqual(states, ['starting', 'running', 'stopping', 'stopped']);
    assert.equal(task.status().reason, 'stopped by a command');
    assert.equal(task.status().account.out.packets, 3);
    assert.equal(runs.open, 0);
  });

  test('fails, and throws, where its first opening fails for good', async () => {
    const { task, states, runs } = await taskOf({}, { fails: GONE });
    await assert.rejects(task.start(), GONE);
    assert.deepEqual(states, ['starting', 'failed']);
    assert.equal(task.status().reason, 'capture on eth0: the interface is down');
    assert.equal(runs.open, 0);
  });

  test('is tried again, with longer and longer pauses, while what it needs is away', async () => {
    const away = Array.from({ length: 8 }, () => ({ fails: AWAY }));
    const { task, waits, states } = await taskOf({}, ...away, { packets: 0, then: 'wait' });
    await task.start();
    assert.equal(task.state, 'starting');
    assert.match(task.status().reason ?? '', /^connect to b:9092: Connection refused/);
    await waitFor(() => task.state === 'running', { limitMs: 5000, what: 'running' });
    assert.deepEqual(
      waits,
      [1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1000),
    );
    assert.ok(!states.includes('failed'));
    await task.stop();
  });

  test('goes on after an interface has gone while it ran, and adds up what both runs counted', async () => {
    const { task, waits, comesTo } = await taskOf(
      {},
      { packets: 3, then: GONE },
      { fails: GONE },
      { packets: 4, then: 'wait' },
    );
    await task.start();
    await waitFor(() => task.status().account.out.packets === 7, { limitMs: 5000, what: '7 out' });
    assert.equal(task.state, 'running');
    assert.deepEqual(waits, [1000, 2000]);
    await task.stop();
    await comesTo('stopped');
  });

  test('that reads a file does not begin anew after an error', async () => {
    const document = {
      id: 't',
      capture: { name: 'file', path: 'x.pcap' },
      reporters: [{ name: 'console' }],
    };
    const { task, comesTo, waits } = await taskOf(
      { document: document as never },
      { packets: 3, then: new UserError('read x.pcap', 'damaged') },
    );
    await task.start();
    await comesTo('failed');
    assert.deepEqual(waits, []);
    assert.equal(task.status().account.in.packets, 3);
  });

  test('fails where what was asked for turns out to make no sense', async () => {
    const { task, comesTo } = await taskOf({}, { packets: 0, then: WRONG });
    await task.start();
    await comesTo('failed');
  });

  test('fails at a bug, and says so with where it is', async () => {
    const bug = new TypeError('x is not a function');
    const { task, comesTo, records } = await taskOf({}, { packets: 1, then: bug });
    await task.start();
    await comesTo('failed');
    assert.equal(task.status().reason, 'a bug in kcap: x is not a function');
    const said = records.find(({ event }) => event === 'bug');
    assert.match(JSON.stringify(said), /scripted-runs|task\.test/);
  });

  // In a process of its own: the test runner listens to such errors, too.
  test('that throws where nobody catches it fails, and the others go on', async () => {
    const script = fileURLToPath(new URL('throwing-task.js', import.meta.url));
    const said = await runCommand(process.execPath, script);
    assert.deepEqual(said.split('\n'), [
      'timer failed a bug in kcap: in a timer',
      'promise failed a bug in kcap: in a promise',
      'other running',
      '',
    ]);
  });

  test('ends by itself where its input does', async () => {
    const { task, comesTo, runs } = await taskOf({}, { packets: 2, then: 'end' });
    await task.start();
    await comesTo('stopped');
    assert.equal(task.status().reason, 'its input has ended');
    assert.equal(runs.open, 0);
  });

  test('can be started again, and goes on counting', async () => {
    const { task, comesTo } = await taskOf({}, { packets: 2, then: 'end' });
    await task.start();
    await comesTo('stopped');
    await task.start();
    await comesTo('stopped');
    assert.equal(task.status().account.out.packets, 4);
  });

  test('that is stopped while it opens does not wait for its opening', async () => {
    const { task } = await taskOf({}, { hangs: true });
    const started = task.start();
    await waitFor(() => task.state === 'starting', { limitMs: 5000, what: 'starting' });
    await Promise.all([task.stop(), assert.rejects(started, /stopped while it was starting/)]);
    assert.equal(task.state, 'stopped');
  });

  test('that is stopped during a pause stops at once', async () => {
    const runs = new ScriptedRuns({ fails: AWAY });
    const task = new Task(await read(shortTask('t')), {
      ...{ open: runs.openRun, log: keptLog().log, drainTimeoutMs: 1000 },
      onChange: () => undefined,
    });
    await task.start();
    await task.stop();
    assert.equal(task.state, 'stopped');
  });

  test('gives up what does not go out within the drain timeout', async () => {
    const { task } = await taskOf(
      { drainTimeoutMs: 1 },
      {
        ...{ packets: 1, then: 'wait' },
        onFlush: async (giveUp) => {
          if (!giveUp.aborted) await once(giveUp, 'abort');
        },
      },
    );
    await task.start();
    await task.stop();
    assert.equal(task.state, 'stopped');
  });

  test('takes a filter while it runs, and one that came while it was being opened', async () => {
    const { task, runs } = await taskOf({}, { packets: 0, then: 'wait' });
    const described = await read(shortTask('t', { bpf_filter: 'tcp' }));
    const started = task.start();
    await task.setFilter('tcp', described);
    await started;
    assert.deepEqual(runs.filters, ['tcp']);
    await task.setFilter('udp', described);
    assert.deepEqual(runs.filters, ['tcp', 'udp']);
    await task.stop();
  });
});
