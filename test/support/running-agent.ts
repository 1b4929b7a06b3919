import { readdir, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { askAgent } from '#kcap/agent/socket-client.js';

import { kcap } from './kcap.js';
import type { KcapRun } from './kcap-run.js';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

/** A real agent, its folder and its socket. */
export interface RunningAgent {
  readonly run: KcapRun;
  readonly folder: string;
  readonly socket: string;
  /** Runs `kcap ARGS` against it. */
  readonly ask: (...args: readonly string[]) => KcapRun;
  /** The result of a method, asked over the socket. */
  readonly answer: (method: string, params?: object) => Promise<Record<string, unknown>>;
}

export interface AgentOptions {
  /** Of an agent before it. */
  readonly folder?: string;
  /** Below the root key, beside what every agent of the tests has. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly command?: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is killed if it still runs after so many milliseconds; 2 minutes by default. */
  readonly limitMs?: number;
}

/** Starts one, and waits until it takes commands. */
export async function runningAgent(
  t: TestContext,
  options: AgentOptions = {},
): Promise<RunningAgent> {
  const { folder: given, configuration = {}, command = 'agent', env = {} } = options;
  const { limitMs = 120_000 } = options;
  const folder = given ?? (await tempFolder(t));
  const socket = path.join(folder, 'agent.sock');
  const file = path.join(folder, 'agent.json');
  const kcapSection = {
    ...{ control: { socket, pid_file: path.join(folder, 'pid') }, data_dir: folder },
    metrics: { enabled: false },
    ...configuration,
  };
  await writeFile(file, JSON.stringify({ kcap: kcapSection }));
  const run = kcap(t, [command, '--config', file], { limitMs, env });
  const ask = (...args: readonly string[]) => kcap(t, args, { env: { KCAP_SOCKET: socket } });
  const answer = async (method: string, params: object = {}) =>
    (await askAgent(socket, method, { ...params })) as Record<string, unknown>;
  // Whatever of its log is wanted: it answers once it has begun.
  const answers = () =>
    answer('daemon_status').then(
      () => true,
      () => false,
    );
  await waitFor(answers, { limitMs: 30_000, what: 'the agent' });
  return { run, folder, socket, ask, answer };
}

/** Writes a task into a file of the folder. */
export async function taskFile(folder: string, task: { readonly id: string }): Promise<string> {
  const file = path.join(folder, `${task.id}.task.json`);
  await writeFile(file, JSON.stringify(task));
  return file;
}

/** What a process holds: descriptors and threads. Other kcaps on the host list their connections where it looks. */
export async function heldBy(pid: number): Promise<{ descriptors: number; threads: number }> {
  const fds = await readdir(`/proc/${pid}/fd`);
  const files = await Promise.all(
    fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => undefined)),
  );
  const own = files.filter((file) => file && !/^\/dev\/shm\/kcap-\d+\/\d+\.\d/.test(file));
  return { descriptors: own.length, threads: (await readdir(`/proc/${pid}/task`)).length };
}
