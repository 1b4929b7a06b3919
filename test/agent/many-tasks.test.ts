import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { UserError } from '#kcap/errors/user-error.js';
import { TaskBudget } from '#kcap/task/task-budget.js';
import { Tasks } from '#kcap/task/tasks.js';
import { openTaskRun } from '#kcap/task/workers/task-workers.js';

import { keptLog } from '../kafka/log.js';
import { heldBy } from '../support/running-agent.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { freePort } from '../support/free-port.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { read, written } from '../task/described.js';

const MIB = 1024 ** 2;
/** Node's own threads, compiled code and caches come as they are needed. */
const WARM_UPS = 2;
const TASKS = 100;
/** Side by side, since each waits for its threads. */
const AT_ONCE = 25;
/** What memory may differ by, with what arenas keep at their ends: of a hundred tasks, each would leave less than 164 KiB. */
const SLACK_MIB = 16;

/** An agent's tasks, with all that they are made of. */
async function realTasks(t: TestContext): Promise<{ tasks: Tasks; folder: string }> {
  const folder = await tempFolder(t);
  const { log, records } = keptLog();
  const tasks = new Tasks({
    open: (task, scope, parts) => {
      records.length = 0;
      return openTaskRun(task, scope, {
        defaults: { connection: undefined, kafka: undefined, hep: undefined, mqtt: undefined },
        who: { agentId: 'edge-1', pipelineId: 0 },
        spoolFolder: path.join(folder, 'spool', task.id),
        openConsole: () => {
          throw new Error('no task has a console');
        },
        application: 'kcap test',
        ...parts,
      });
    },
    ...{ read, folder: undefined, log },
    budget: new TaskBudget({ memoryBytes: 64 * 1024 * MIB, workers: 2 }),
    ...{ mostEnded: 100, autoRestart: true, drainTimeoutMs: 5000 },
  });
  t.after(() => tasks.close());
  return { tasks, folder };
}

function described(id: string, port: number, files: readonly string[]) {
  return written({
    id,
    capture: { name: 'hep', listen: `udp://127.0.0.1:${port}` },
    parsers: ['sip'],
    reporters: [
      { name: 'hep', config: { servers: ['127.0.0.1:9'] } },
      ...files.map((file, index) => ({
        name: 'file',
        as: `file-${index}`,
        config: { path: file },
      })),
    ],
  });
}

async function held(): Promise<{ descriptors: number; threads: number; memoryMiB: number }> {
  await collectGarbage();
  addon.giveBackFreedMemory();
  const { rss } = process.memoryUsage();
  return { ...(await heldBy(process.pid)), memoryMiB: rss / MIB };
}

test('a hundred tasks, a third of which fail half-way, leave memory, threads and descriptors as they were', async (t) => {
  // As an agent does.
  addon.shareArenas();
  const { tasks, folder } = await realTasks(t);
  const ports = await Promise.all(Array.from({ length: AT_ONCE }, () => freePort()));
  const turn = async (port: number, index: number) => {
    const id = `task-${index}`;
    const file = path.join(folder, `${id}.pcap`);
    if (index % 3 === 0) {
      // By then, it listens and has a file open.
      const task = await described(id, port, [file, path.join(folder, 'missing', 'out.pcap')]);
      await assert.rejects(tasks.create(task), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /missing.*no such file or directory/);
        return true;
      });
    } else {
      await tasks.create(await described(id, port, [file]));
      assert.equal(tasks.status(id).state, 'running');
      await tasks.delete(id);
    }
  };
  const round = async () => {
    await Promise.all(ports.map(turn));
    assert.deepEqual(tasks.list(), []);
  };
  for (let warm = 0; warm < WARM_UPS; warm++) await round();
  const before = await held();
  for (let done = 0; done < TASKS; done += AT_ONCE) await round();
  const settled = async () => {
    const { descriptors, threads, memoryMiB } = await held();
    t.diagnostic(`${Math.round(before.memoryMiB)} MiB, then ${Math.round(memoryMiB)}`);
    return (
      descriptors <= before.descriptors &&
      threads <= before.threads &&
      memoryMiB <= before.memoryMiB + SLACK_MIB
    );
  };
  await waitFor(settled, { limitMs: 10_000, what: `no more than ${JSON.stringify(before)}` });
});

test('a hundred tasks run at once, side by side, and leave nothing either', async (t) => {
  const { tasks, folder } = await realTasks(t);
  const ids = Array.from({ length: 100 }, (_, index) => `task-${index}`);
  const ports = await Promise.all(ids.map(() => freePort()));
  // The first one opens what the process keeps; a free port is held by a descriptor.
  await tasks.create(await described('first', ports[0] ?? 0, [path.join(folder, 'first.pcap')]));
  await tasks.delete('first');
  const before = await held();
  const create = async (id: string, index: number) =>
    tasks.create(await described(id, ports[index] ?? 0, [path.join(folder, `${id}.pcap`)]));
  await Promise.all(ids.map(create));
  assert.deepEqual(
    tasks
      .statuses()
      .map(({ id, state }) => `${id} ${state}`)
      .sort(),
    ids.map((id) => `${id} running`).sort(),
  );
  await Promise.all(ids.map((id) => tasks.delete(id)));
  assert.deepEqual(tasks.list(), []);
  const settled = async () => {
    const { descriptors, threads } = await held();
    t.diagnostic(`${descriptors} descriptors, ${threads} threads`);
    return descriptors <= before.descriptors && threads <= before.threads;
  };
  await waitFor(settled, { limitMs: 10_000, what: JSON.stringify(before) });
});
