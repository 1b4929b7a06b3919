import type { TestContext } from 'node:test';
import path from 'node:path';

import { Commands, type Commanded } from '#kcap/agent/commands.js';
import { SocketChannel, type SocketOptions } from '#kcap/agent/socket-channel.js';
import { TaskBudget } from '#kcap/task/task-budget.js';
import { Tasks } from '#kcap/task/tasks.js';

import { keptLog } from '../kafka/log.js';
import { tempFolder } from '../support/temp-folder.js';
import { read } from '../task/described.js';
import { ScriptedRuns, type Script } from '../task/scripted-runs.js';

/** Commands to an agent whose tasks run as it is written down. */
export function answering(t: TestContext, ...scripts: Script[]) {
  const runs = new ScriptedRuns(
    ...(scripts.length > 0 ? scripts : [{ packets: 3, then: 'wait' } as const]),
  );
  const { log, records } = keptLog();
  const tasks = new Tasks({
    ...{ open: runs.openRun, read, folder: undefined, log },
    ...{ budget: new TaskBudget({ memoryBytes: 2 ** 40, workers: 2 }) },
    ...{ mostEnded: 100, autoRestart: true, drainTimeoutMs: 1000 },
    wait: () => new Promise(() => undefined),
  });
  t.after(() => tasks.close());
  const asked: string[] = [];
  const agent: Commanded = {
    ...{ tasks, version: '1.2.3', startedAtMs: Date.now() - 5000 },
    node: { hostname: 'edge-1', ip: '192.0.2.1', tags: { dc: 'fra1' } },
    readTask: read,
    reload: () => {
      asked.push('reload');
      return Promise.resolve({ changed: ['log.level'], restart: [] });
    },
    capture: (message) => {
      asked.push(`capture ${JSON.stringify(message)}`);
      const answer = { captures: [], refused: ['packets: less than 0'], for_others: 0 };
      return { begun: Promise.resolve(), answer: Promise.resolve(answer) };
    },
    shutDown: () => void asked.push('shut down'),
    allows: (method, channel) => channel === 'socket' || method !== 'daemon_shutdown',
  };
  return { commands: new Commands(agent, log), tasks, runs, records, asked, log };
}

/** The same behind a socket. */
export async function listening(
  t: TestContext,
  options: Partial<SocketOptions> = {},
  ...scripts: Script[]
) {
  const agent = answering(t, ...scripts);
  const socket = options.path ?? path.join(await tempFolder(t), 'agent.sock');
  const channel = await SocketChannel.open({ ...options, path: socket }, agent.commands, agent.log);
  t.after(() => channel.close());
  return { ...agent, channel, socket };
}
