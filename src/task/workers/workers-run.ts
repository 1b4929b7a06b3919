import type { Logger } from 'pino';
import type { ByteOutput } from '../../files/byte-output.js';
import type { Reach } from '../../packet/reach.js';
import { EMPTY_ACCOUNT, type Account } from '../../pipeline/account.js';
import type { Pace } from '../../pipeline/pace.js';
import type { Run } from '../../pipeline/run.js';
import type { Scope } from '../../pipeline/scope.js';
import { togetherRuns } from '../../pipeline/side-by-side-runs.js';
import type { Stop } from '../../pipeline/stop.js';
import { addedByName } from '../../pipeline/total-account.js';
import { sayTooManyWorkers } from '../capturing.js';
import { askTopic, type AskTopic } from '../topic-facts.js';
import { CommonOutput } from './carried-output.js';
import type { Counted, WorkerPlan } from './messages.js';
import { WorkerHandle, type Failure, type Joined } from './worker-handle.js';

/** Of a worker that has counted nothing yet. */
const NOTHING = { account: EMPTY_ACCOUNT, reporters: new Map<string, Account>() };

/** How long after the drain timeout a worker that says nothing is ended. */
const GRACE_MS = 2000;

export interface WorkersOptions {
  /** What each of them does; several. */
  readonly plans: readonly WorkerPlan[];
  /** Opens what all of them write to; undefined where they write to nothing in common. */
  readonly openOutput: (() => ByteOutput) | undefined;
  readonly stop: Stop;
  readonly log: Logger;
  readonly pace?: Pace | undefined;
  /** Called once all that takes root is open, and no packet has been touched. */
  readonly onCaptureOpen?: (() => void) | undefined;
  /** Called when packets have come since the last time. */
  readonly onPackets?: () => void;
}

/**
 * A run in several threads: each has captures, decoders, filters and reporters of its own, and a share of the packets of the
 * same interfaces. They are opened, stopped and closed together, and if one fails all end: its conversations would be
 * missing.
 */
export class WorkersRun implements Run {
  /** Of the captures. */
  interfaces: readonly string[] = [];
  reporterNames: readonly string[] = [];
  readonly #workers: readonly WorkerHandle[];
  readonly #counted: Pick<Counted, 'account' | 'reporters'>[];
  readonly #output: CommonOutput | undefined;
  readonly #startedAtMs = performance.now();

  private constructor(options: WorkersOptions) {
    const { plans, stop, log, pace, openOutput, onPackets } = options;
    this.#output = openOutput && commonOutput(openOutput(), stop);
    this.#counted = plans.map(() => NOTHING);
    const ask = askedOnce(askTopic);
    this.#workers = plans.map(
      (plan, index) =>
        new WorkerHandle({
          ...{ worker: index + 1, plan, log, output: this.#output, logLevel: log.level },
          ...{ drainTimeoutMs: stop.drainTimeoutMs, askTopic: ask },
          onCounted: ({ account, reporters, measured }) => {
            const before = this.#counted[index]?.account ?? EMPTY_ACCOUNT;
            if (account.in.packets > before.in.packets) onPackets?.();
            this.#counted[index] = { account, reporters };
            pace?.add(measured);
          },
          onCalls: (notes) => {
            for (const [other, worker] of this.#workers.entries())
              if (other !== index) worker.learn(notes);
          },
        }),
    );
  }

  /** Opens all of them, in the scope. Throws a UserError that says what is in the way. */
  static async open(options: WorkersOptions, scope: Scope): Promise<WorkersRun> {
    const { plans, log, onCaptureOpen } = options;
    sayTooManyWorkers(plans.length, log);
    const run = scope.own(new WorkersRun(options));
    await run.#open(onCaptureOpen);
    return run;
  }

  async #open(onCaptureOpen: (() => void) | undefined): Promise<void> {
    const [first, ...others] = this.#workers;
    const joined: Joined | undefined = await first?.join(undefined);
    await Promise.all(others.map((worker) => worker.join(joined?.groups)));
    onCaptureOpen?.();
    const [names] = await Promise.all(this.#workers.map((worker) => worker.begin()));
    this.interfaces = joined?.interfaces ?? [];
    this.reporterNames = names ?? [];
  }

  async run(stop: Stop): Promise<void> {
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    const stopAll = () => {
      for (const worker of this.#workers) worker.stop();
      timer ??= setTimeout(() => {
        isLate = true;
        for (const worker of this.#workers) worker.giveUp();
      }, stop.drainTimeoutMs + GRACE_MS);
    };
    if (stop.requested.aborted) stopAll();
    else stop.requested.addEventListener('abort', stopAll, { once: true });
    const failures: Failure[] = [];
    await Promise.all(
      this.#workers.map(async (worker) => {
        const failure = await worker.run();
        if (!isLate) failures.push(failure);
        // The others give what they have, and end.
        stop.finish();
      }),
    );
    clearTimeout(timer);
    stop.clear();
    const failed = failures.find((failure) => failure);
    if (failed) throw failed.error;
  }

  get durationMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  account(): Account {
    // Those who watch over the run ask now and then.
    for (const worker of this.#workers) worker.followLogLevel();
    return togetherRuns(this.#counted.map(({ account }) => account));
  }

  /** What each reporter has done, in all workers together. */
  reporters(): ReadonlyMap<string, Account> {
    return this.#counted.map(({ reporters }) => reporters).reduce(addedByName);
  }

  /** What each worker has counted. */
  pipelines(): readonly Pick<Counted, 'account' | 'reporters'>[] {
    return this.#counted;
  }

  /** Interfaces have no end. */
  reach(): Reach {
    return {};
  }

  /** Each packet is judged by the filter that holds when it comes. Where a worker can't have it, none keeps it. */
  async setFilter(expression: string, before: string): Promise<void> {
    const set = await Promise.allSettled(
      this.#workers.map((worker) => worker.setFilter(expression)),
    );
    const failed = set.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return;
    await Promise.allSettled(this.#workers.map((worker) => worker.setFilter(before)));
    throw failed.reason;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.#output?.close();
  }
}

/** All workers ask the same, at about the same time: the brokers are asked once. */
function askedOnce(ask: AskTopic): AskTopic {
  const asked = new Map<string, ReturnType<AskTopic>>();
  return (facts, log) => {
    const key = JSON.stringify([facts.topic, [...facts.properties]]);
    const answer = asked.get(key) ?? ask(facts, log);
    asked.set(key, answer);
    return answer;
  };
}

function commonOutput(output: ByteOutput, stop: Stop): CommonOutput {
  // As `tcpdump | head` ends tcpdump.
  output.onReaderLeft(() => {
    stop.request();
  });
  return new CommonOutput(output, stop.giveUp);
}
