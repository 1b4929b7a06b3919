import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { KcapRun } from '#support/kcap-run.js';
import { repository } from '#support/repository.js';
import { spawnTied } from '#support/tied-process.js';
import type { Scope } from './scope.js';

const LIMIT_MS = 60_000;

/** What a process has cost, all of it: from its start to its end, with the children it waited for (measure.c). */
export interface Cost {
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly wallSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly peakKib: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** What a contender said of its packets at its end; it may not know everything. */
export interface Account {
  readonly packetsIn: number | undefined;
  readonly packetsOut: number | undefined;
  readonly failed: number | undefined;
  /** Of those that find messages in packets. */
  readonly messagesIn: number | undefined;
  readonly messagesOut: number | undefined;
  readonly droppedByKernel: number | undefined;
  readonly droppedByInterface: number | undefined;
}

export interface Finished {
  readonly cost: Cost;
  readonly account: Account;
  readonly loopDelayP99Ms: number | undefined;
}

export interface ProcessOptions {
  readonly command: readonly string[];
  /** Where standard output goes: a file descriptor, or nowhere. */
  readonly stdout: number | 'ignore';
  /** For temporary files. */
  readonly folder: string;
  /** Aborted, it kills the process. */
  readonly signal: AbortSignal;
  /** Whether to watch its event loop; for what runs in Node. */
  readonly probed?: boolean;
  /** After which it is killed, and has failed. */
  readonly limitMs?: number;
}

let processes = 0;

/** A contender that runs under `measure`. It ends with the scope at the latest. */
export class MeasuredProcess {
  readonly #run: KcapRun;
  readonly #costFile: string;
  readonly #loopDelayFile: string;
  readonly #probed: boolean;

  constructor(
    scope: Scope,
    { command, stdout, folder, signal, probed = false, limitMs = LIMIT_MS }: ProcessOptions,
  ) {
    const id = processes++;
    this.#probed = probed;
    this.#costFile = path.join(folder, `cost-${id}.json`);
    this.#loopDelayFile = path.join(folder, `loop-delay-${id}.json`);
    const child = spawnTied([`${repository}dist-bench/limit/measure`, this.#costFile, ...command], {
      stdio: ['ignore', stdout, 'pipe'],
      env: probed ? { ...process.env, ...probeOf(this.#loopDelayFile) } : process.env,
    });
    this.#run = new KcapRun(child, {
      command: command.join(' '),
      collect: false,
      limitMs,
    });
    const kill = (): void => {
      void this.#run.end();
    };
    signal.addEventListener('abort', kill);
    scope.after(async () => {
      signal.removeEventListener('abort', kill);
      await this.#run.end();
    });
  }

  /** Of `measure`, whose only child is the contender. */
  get pid(): number {
    return this.#run.pid;
  }

  /** Waits until it says that it captures or reads. */
  async started(): Promise<void> {
    await this.#run.started(20_000);
  }

  /** Begins to watch the event loop anew, where it is watched: the start does not count. */
  markBusy(): void {
    if (this.#probed) this.#run.signal('SIGUSR2');
  }

  /** Ends it, if it does not end by itself, and says what it has cost. */
  async finish(how: 'end it' | 'it ends'): Promise<Finished> {
    if (how === 'end it') this.#run.signal('SIGTERM');
    const { status, signal } = await this.#run.exit;
    // 1 is kcap's status for packets lost, which is a result.
    if (status !== 0 && status !== 1) {
      throw new Error(
        `A contender ended with ${signal ?? `status ${status}`}:\n${this.#run.stderr}`,
      );
    }
    const summary = this.#run.records.find(({ event }) => event === 'summary');
    if (!summary) throw new Error(`A contender said no summary:\n${this.#run.stderr}`);
    const count = (name: string): number | undefined => {
      const value = summary[name];
      return typeof value === 'number' ? value : undefined;
    };
    const sumOf = (...names: readonly string[]): number | undefined =>
      names
        .map(count)
        .reduce((sum, value) => (value === undefined ? sum : (sum ?? 0) + value), undefined);
    return {
      cost: JSON.parse(await readFile(this.#costFile, 'utf8')) as Cost,
      account: {
        packetsIn: count('packets_in'),
        packetsOut: count('packets_out'),
        failed: sumOf('packets_failed', 'messages_failed', 'messages_dropped'),
        messagesIn: count('messages_in'),
        messagesOut: count('messages_out'),
        droppedByKernel: count('dropped_kernel'),
        droppedByInterface: count('dropped_interface'),
      },
      loopDelayP99Ms: await this.#loopDelay(),
    };
  }

  async #loopDelay(): Promise<number | undefined> {
    try {
      const { p99Ms } = JSON.parse(await readFile(this.#loopDelayFile, 'utf8')) as {
        p99Ms: number;
      };
      return p99Ms;
    } catch {
      // Only what is probed has written one.
      return undefined;
    }
  }
}

/** What Node needs in its environment to load the probe. */
function probeOf(file: string): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--import ${repository}dist-bench/peers/loop-delay.js`,
    BENCH_LOOP_DELAY_FILE: file,
  };
}
