/** Three tasks, two of which throw where nobody catches it: says what becomes of them. */
import { Task } from '#kcap/task/task.js';
import { blameTask } from '#kcap/task/task-bugs.js';

import { keptLog } from '../kafka/log.js';
import { waitFor } from '../support/wait-for.js';
import { read, shortTask } from './described.js';
import { ScriptedRuns } from './scripted-runs.js';

process.on('uncaughtException', (error) => {
  if (!blameTask(error)) throw error;
});

async function started(id: string, begin: () => void): Promise<Task> {
  const runs = new ScriptedRuns({ packets: 1, then: 'wait' });
  const task = new Task(await read(shortTask(id)), {
    open: async (...parts) => {
      begin();
      return runs.openRun(...parts);
    },
    ...{ log: keptLog().log, drainTimeoutMs: 1000, onChange: () => undefined },
  });
  await task.start();
  return task;
}

const tasks = [
  await started('timer', () => {
    setTimeout(() => {
      throw new Error('in a timer');
    }, 1);
  }),
  await started('promise', () => {
    void (async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      throw new Error('in a promise');
    })();
  }),
  await started('other', () => undefined),
];
const failed = () => tasks.filter(({ state }) => state === 'failed').length === 2;
await waitFor(failed, { limitMs: 5000, what: 'two failures' });
for (const task of tasks) {
  const { id, state, reason = '' } = task.status();
  console.log(`${id} ${state} ${reason}`.trim());
}
await tasks[2]?.stop();
