import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { TaskBudget } from '#kcap/task/task-budget.js';
import { TaskFolder } from '#kcap/task/task-folder.js';
import { Tasks, type TasksParts } from '#kcap/task/tasks.js';

import { keptLog } from '../kafka/log.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { read, shortTask, written } from './described.js';
import { ScriptedRuns, type Script } from './scripted-runs.js';

const AWAY = new UserError('connect to b:9092', 'Connection refused', { passes: 'away' });
const GONE = new UserError('capture on eth0', 'no such interface');
const WAITS: Script = { packets: 1, then: 'wait' };
const GIB = 1024 ** 3;

interface Rig {
  readonly tasks: Tasks;
  readonly runs: ScriptedRuns;
  readonly records: Record<string, unknown>[];
  readonly folder: TaskFolder;
  /** As if the agent were killed: nothing is said to anybody. */
  readonly kill: () => void;
}

/** Tasks of an agent, in a folder of their own or one that another agent has left. */
async function rig(
  t: TestContext,
  scripts: Script[],
  { at, ...parts }: Partial<TasksParts> & { readonly at?: string } = {},
): Promise<Rig> {
  const runs = new ScriptedRuns(...scripts);
  const { log, records } = keptLog();
  const folder = await TaskFolder.open(at ?? path.join(await tempFolder(t), 'tasks'));
  const tasks = new Tasks({
    ...{ open: runs.openRun, read, folder, log },
    ...{ budget: new TaskBudget({ memoryBytes: 64 * GIB, workers: 2 }) },
    ...{ mostEnded: 100, autoRestart: true, drainTimeoutMs: 1000 },
    wait: () => new Promise(() => undefined),
    ...parts,
  });
  let isOpen = true;
  const kill = () => {
    if (isOpen) folder.close();
    isOpen = false;
  };
  t.after(kill);
  return { tasks, runs, records, folder, kill };
}

async function files({ folder }: Rig): Promise<string[]> {
  const names = await readdir(folder.path);
  return names.filter((name) => name !== 'lock').sort();
}

describe('creating a task', () => {
  test('waits for its first opening, and keeps it', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.tasks.create(await written(shortTask('a')));
    assert.equal(one.tasks.status('a').state, 'running');
    assert.deepEqual(await files(one), ['a.json']);
    await one.tasks.close();
    assert.deepEqual(await files(one), ['a.json']);
  });

  test('keeps nothing where the opening fails for good', async (t) => {
    const one = await rig(t, [{ fails: GONE }]);
    const changes: string[] = [];
    one.tasks.onChange(({ id, state }, change) => changes.push(`${id} ${state} ${change}`));
    await assert.rejects(one.tasks.create(await written(shortTask('a'))), GONE);
    assert.deepEqual(one.tasks.list(), []);
    assert.deepEqual(await files(one), []);
    assert.equal(one.runs.open, 0);
    assert.equal(changes.at(-1), 'a failed deleted');
  });

  test('keeps one whose broker is away, and shows it as starting', async (t) => {
    const one = await rig(t, [{ fails: AWAY }]);
    await one.tasks.create(await written(shortTask('a')));
    assert.equal(one.tasks.status('a').state, 'starting');
    assert.match(one.tasks.status('a').reason ?? '', /Connection refused/);
    assert.deepEqual(await files(one), ['a.json']);
  });

  test('refuses an id that is taken, also by one that is being created', async (t) => {
    const { tasks } = await rig(t, [WAITS]);
    const task = await written(shortTask('a'));
    const [first, second] = await Promise.allSettled([tasks.create(task), tasks.create(task)]);
    assert.equal(first.status, 'fulfilled');
    assert.match(String((second as PromiseRejectedResult).reason), /there is a task with this id/);
    await tasks.close();
  });

  test('can be interrupted by a delete, and then keeps nothing', async (t) => {
    const one = await rig(t, [{ hangs: true }]);
    const created = one.tasks.create(await written(shortTask('a')));
    await waitFor(() => one.tasks.list().length === 1, { limitMs: 5000, what: 'a task' });
    await Promise.all([one.tasks.delete('a'), assert.rejects(created, /stopped while/)]);
    assert.deepEqual(one.tasks.list(), []);
    assert.deepEqual(await files(one), []);
  });

  test('refuses what does not fit into the memory, or has too many workers', async (t) => {
    const budget = new TaskBudget({ memoryBytes: GIB, workers: 3 });
    const { tasks } = await rig(t, [WAITS], { budget });
    const task = (id: string, config: object, workers = 1) =>
      written({
        ...{ id, workers, capture: { name: 'afpacket', interface: 'eth0', config } },
        reporters: [{ name: 'console' }],
      });
    await tasks.create(await task('a', { buffer_mib: 900 }));
    await assert.rejects(
      tasks.create(await task('b', { buffer_mib: 500 })),
      /it takes 512 MiB, and 912 of 1024 MiB are taken/,
    );
    await tasks.create(await task('c', { buffer_mib: 1 }, 2));
    await assert.rejects(tasks.create(await task('d', { buffer_mib: 1 }, 2)), /2 workers/);
    await tasks.stop('a');
    await tasks.delete('c');
    const decoding = await written({
      ...{ id: 'e', workers: 2, parsers: ['sip'], reporters: [{ name: 'console' }] },
      capture: { name: 'afpacket', interface: 'eth0', config: { buffer_mib: 500 } },
    });
    await assert.rejects(tasks.create(decoding), /it takes 1068 MiB, and 0 of 1024 MiB/);
    await tasks.create(await task('b', { buffer_mib: 500 }));
    await assert.rejects(tasks.start('a'), /912 MiB/);
    await tasks.close();
  });

  test('refuses what does not fit beside what else takes memory', async (t) => {
    let beside = 600 * 2 ** 20;
    const budget = new TaskBudget({ memoryBytes: GIB, workers: 3 }, () => beside);
    const { tasks } = await rig(t, [WAITS], { budget });
    const capture = { name: 'afpacket', interface: 'eth0', config: { buffer_mib: 500 } };
    const task = await written({ id: 'a', capture, reporters: [{ name: 'console' }] });
    await assert.rejects(tasks.create(task), /it takes 512 MiB, and 600 of 1024 MiB are taken/);
    beside = 0;
    await tasks.create(task);
    assert.equal(tasks.memoryBytes, 512 * 2 ** 20);
    await tasks.stop('a');
    assert.equal(tasks.memoryBytes, 0);
    await tasks.close();
  });

  test('does not write over a file that could not be read', async (t) => {
    const one = await rig(t, [WAITS]);
    await writeFile(one.folder.fileOf('a'), 'mine');
    await one.tasks.restore();
    await assert.rejects(one.tasks.create(await written(shortTask('a'))), /can't be read/);
  });
});

describe('a task that is there', () => {
  test('is flushed and forgotten by a delete', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.tasks.create(await written(shortTask('a')));
    await one.tasks.delete('a');
    assert.ok(one.runs.diary.includes('flush'));
    assert.deepEqual([one.tasks.list(), await files(one), one.runs.open], [[], [], 0]);
    await assert.rejects(one.tasks.delete('a'), /there is no such task/);
  });

  test('can be stopped and started, one after the other whatever comes at once', async (t) => {
    const { tasks, runs } = await rig(t, [WAITS]);
    await tasks.create(await written(shortTask('a')));
    await Promise.all([tasks.stop('a'), tasks.start('a'), tasks.stop('a'), tasks.start('a')]);
    assert.equal(tasks.status('a').state, 'running');
    assert.equal(runs.opened.length, 3);
    assert.equal(runs.open, 1);
    await tasks.close();
  });

  test('is replaced by an update', async (t) => {
    const { tasks, runs } = await rig(t, [WAITS]);
    await tasks.create(await written(shortTask('a')));
    await tasks.update(await written(shortTask('a', { interface: 'eth1' })));
    assert.deepEqual(
      runs.opened.map(({ capture }) => 'interfaces' in capture && capture.interfaces[0]),
      ['eth0', 'eth1'],
    );
    assert.equal(runs.open, 1);
    await assert.rejects(tasks.update(await written(shortTask('b'))), /no such task/);
    await tasks.close();
  });

  test('goes on as it was where an update fails', async (t) => {
    const { tasks } = await rig(t, [WAITS, { fails: GONE }, WAITS]);
    await tasks.create(await written(shortTask('a')));
    await assert.rejects(tasks.update(await written(shortTask('a', { interface: 'eth9' }))), GONE);
    await waitFor(() => tasks.status('a').state === 'running', { limitMs: 5000, what: 'running' });
    const { capture } = tasks.description('a');
    assert.deepEqual('interfaces' in capture && capture.interfaces, ['eth0']);
    await tasks.close();
  });

  test('has its filter changed, and keeps it over a restart of the agent', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.tasks.create(await written(shortTask('a')));
    await assert.rejects(one.tasks.setFilter('a', 'nonsense at all'), /nonsense/);
    await one.tasks.setFilter('a', 'udp port 5060');
    assert.deepEqual(one.runs.filters, ['udp port 5060']);
    one.kill();
    const two = await rig(t, [WAITS], { at: one.folder.path });
    await two.tasks.restore();
    assert.equal(two.tasks.description('a').capture.bpfFilter, 'udp port 5060');
  });
});

describe('after a restart of the agent', () => {
  test('what ran runs again; what was stopped or had reached its end does not', async (t) => {
    const one = await rig(t, [WAITS, WAITS, { packets: 1, then: 'end' }, { fails: AWAY }]);
    for (const id of ['runs', 'stopped', 'ended', 'away'])
      await one.tasks.create(await written(shortTask(id)));
    await one.tasks.stop('stopped');
    const isEnded = () => one.tasks.status('ended').state === 'stopped';
    await waitFor(isEnded, { limitMs: 5000, what: 'its end' });
    one.kill();

    const two = await rig(t, [WAITS], { at: one.folder.path });
    await two.tasks.restore();
    const states = () => two.tasks.statuses().map(({ id, state }) => `${id} ${state}`);
    const expected = ['away running', 'ended stopped', 'runs running', 'stopped stopped'];
    await waitFor(() => states().join() === expected.join(), { limitMs: 5000, what: 'the states' });
    assert.equal(two.tasks.status('ended').reason, 'its input has ended');
  });

  test('a task that can not run any more has failed, and is kept', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.tasks.create(await written(shortTask('a')));
    one.kill();
    const two = await rig(t, [{ fails: GONE }], { at: one.folder.path });
    await two.tasks.restore();
    const hasFailed = () => two.tasks.status('a').state === 'failed';
    await waitFor(hasFailed, { limitMs: 5000, what: 'the failure' });
    assert.deepEqual(await files(two), ['a.json']);
  });

  test('nothing is started where that is not wanted', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.tasks.create(await written(shortTask('a')));
    one.kill();
    const two = await rig(t, [WAITS], { at: one.folder.path, autoRestart: false });
    await two.tasks.restore();
    assert.equal(two.tasks.status('a').state, 'stopped');
    await two.tasks.start('a');
    assert.equal(two.tasks.status('a').state, 'running');
    await two.tasks.close();
  });

  test('a file that makes no sense any more is said, and left alone', async (t) => {
    const one = await rig(t, [WAITS]);
    await one.folder.write({ id: 'a', document: { id: 'a', nonsense: 1 }, wanted: 'running' });
    await one.folder.write({ id: 'b', document: shortTask('c'), wanted: 'running' });
    await one.tasks.restore();
    assert.deepEqual(one.tasks.list(), []);
    const said = one.records.filter(({ event }) => event === 'task-damaged');
    assert.equal(said.length, 2);
    assert.deepEqual(await files(one), ['a.json', 'b.json']);
  });
});

describe('many tasks', () => {
  test('a hundred at once, which stop side by side', async (t) => {
    let flushing = 0;
    let most = 0;
    const script: Script = {
      ...{ packets: 1, then: 'wait' },
      onFlush: async () => {
        most = Math.max(most, ++flushing);
        await new Promise(setImmediate);
        await new Promise(setImmediate);
        flushing--;
      },
    };
    const { tasks, runs } = await rig(t, [script]);
    const ids = Array.from({ length: 100 }, (_, index) => `task-${index}`);
    await Promise.all(ids.map(async (id) => tasks.create(await written(shortTask(id)))));
    assert.equal(tasks.list().length, 100);
    assert.equal(runs.open, 100);
    await tasks.close();
    assert.equal(runs.open, 0);
    assert.ok(most > 50, `${most} flushed at once`);
  });

  test('the oldest that have ended are forgotten, those that were stopped are not', async (t) => {
    const end: Script = { packets: 1, then: 'end' };
    const { tasks } = await rig(t, [WAITS, end], { mostEnded: 2 });
    await tasks.create(await written(shortTask('stopped')));
    await tasks.stop('stopped');
    for (const id of ['a', 'b', 'c', 'd']) {
      await tasks.create(await written(shortTask(id)));
      const isEnded = () => tasks.status(id).state === 'stopped';
      await waitFor(isEnded, { limitMs: 5000, what: 'the end' });
      // Times of ends are told apart.
      const later = Date.now();
      await waitFor(() => Date.now() > later, { limitMs: 1000, what: 'a millisecond' });
    }
    tasks.collect();
    const left = () => tasks.list().join() === 'c,d,stopped';
    await waitFor(left, { limitMs: 5000, what: 'the last two' });
  });

  test('nothing is begun once the agent stops', async (t) => {
    const { tasks } = await rig(t, [WAITS]);
    await tasks.close();
    await assert.rejects(tasks.create(await written(shortTask('a'))), /the agent is stopping/);
  });
});
