import { once } from 'node:events';
import type { Logger } from 'pino';
import { messageOf, UserError } from '../errors/user-error.js';
import { settled, type Account } from '../pipeline/account.js';
import { Pace } from '../pipeline/pace.js';
import { closeSoon, UNHEARD } from '../pipeline/run-end.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import { summarize, summaryLines } from '../pipeline/summary.js';
import { watchAll } from '../watchdogs/watchdog.js';
import { limitText } from './autostop.js';
import { Backoff } from './backoff.js';
import type { TaskDescription } from './description/task.js';
import { Bug, workOf } from './task-bugs.js';
import { countedWith, NOTHING_COUNTED } from './task-counts.js';
import type { OpenTaskRun, TaskRun } from './task-run.js';
import type { TaskState, TaskStatus } from './task-status.js';

export interface TaskParts {
  readonly open: OpenTaskRun;
  readonly log: Logger;
  /** How long a stop waits for what was taken. */
  readonly drainTimeoutMs: number;
  readonly onChange: (task: Task) => void;
  /** It ends by itself: called before its state says so, so that it can be kept on disk. */
  readonly onEnd?: (task: Task, state: 'stopped' | 'failed', reason: string) => Promise<void>;
  /** Resolves after so many ms, or once the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** How loudly the log says so. */
const LEVELS: Readonly<Record<TaskState, 'debug' | 'info' | 'error'>> = {
  ...({ created: 'debug', starting: 'debug', stopping: 'debug' } as const),
  ...({ running: 'info', stopped: 'info', failed: 'error' } as const),
};

const WATCH_MS = 1000;
const BY_COMMAND = 'stopped by a command';

/** A run that is written down: it is opened, goes on through what passes, and can be stopped and started again. */
export class Task {
  readonly id: string;
  /** Of the batches of all its runs. */
  readonly pace = new Pace();
  readonly #parts: TaskParts;
  readonly #log: Logger;
  #description: TaskDescription;
  /** That it was given since it was described. */
  #filter: string | undefined;
  #state: TaskState = 'created';
  #reason: string | undefined;
  #startedAt: Date | undefined;
  #endedAtMs: number | undefined;
  /** Of the runs that are over. */
  #before = NOTHING_COUNTED;
  #current: TaskRun | undefined;
  /** Ends what is opened or runs. */
  #onBug: ((error: unknown) => void) | undefined;
  /** From a start to the end that follows: what asks for the end, and what comes with it. */
  #asked: AbortController | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(description: TaskDescription, parts: TaskParts) {
    this.id = description.id;
    this.#description = description;
    this.#parts = parts;
    this.#log = parts.log.child({ task: this.id }, { msgPrefix: `${this.id}: ` });
  }

  get description(): TaskDescription {
    return this.#description;
  }

  get state(): TaskState {
    return this.#state;
  }

  /** Whether it runs, or is about to: it needs its memory. */
  get isAlive(): boolean {
    return this.#asked !== undefined;
  }

  /** When it ended, in ms since 1970; undefined where it has not. */
  get endedAtMs(): number | undefined {
    return this.#endedAtMs;
  }

  /**
   * Starts it, unless it runs. Resolves once it was opened, or can't be for something that passes; throws what its first
   * opening failed with for good.
   */
  async start(): Promise<void> {
    if (this.#asked) return;
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    await new Promise<void>((opened, refused) => {
      this.#over = workOf(this, () => this.#live(signal, opened)).then(() => {
        refused(new UserError(`task ${this.id}`, 'it was stopped while it was starting'));
      }, refused);
    });
  }

  /** Stops it as a signal stops a run, and waits for its end. */
  async stop(): Promise<void> {
    this.#asked?.abort();
    await this.#over;
  }

  /** Something of it has thrown an error that nobody has caught: nothing else of it can be relied on, and it fails. */
  break(error: unknown): void {
    if (this.#onBug) this.#onBug(error);
    else this.#say(error);
  }

  /** It is not to run: says why, in place of a start. */
  refuse(state: 'stopped' | 'failed', reason: string): void {
    this.#change(state, reason);
  }

  /** The capture filter that it has from now on. */
  async setFilter(expression: string, description: TaskDescription): Promise<void> {
    await this.#current?.setFilter(expression);
    this.#filter = expression;
    this.#description = description;
  }

  status(): TaskStatus {
    return {
      id: this.id,
      state: this.#state,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      ...(this.#startedAt && { startedAt: this.#startedAt }),
      ...(this.#current ? countedWith(this.#before, this.#current) : this.#before),
    };
  }

  /** From a start to its end. Throws what it failed with for good. */
  async #live(asked: AbortSignal, opened: () => void): Promise<void> {
    const backoff = new Backoff();
    let hasRun = false;
    this.#change('starting');
    for (;;) {
      const outcome = await this.#runOnce(asked, () => {
        hasRun = true;
        backoff.begin();
        opened();
      });
      if ('reason' in outcome) {
        await this.#end(asked, 'stopped', outcome.reason);
        return;
      }
      const { error } = outcome;
      if (!this.#mayPass(error, hasRun)) {
        await this.#end(asked, 'failed', this.#say(error));
        throw error;
      }
      opened();
      const waitMs = backoff.next();
      this.#change('starting', `${messageOf(error)}; trying again`);
      this.#log.warn(
        { event: 'task-retry', wait_s: waitMs / 1000 },
        `${messageOf(error)}; trying again in ${waitMs / 1000} s`,
      );
      await (this.#parts.wait ?? waitFor)(waitMs, asked);
    }
  }

  /** Opens it and runs to its end: why it ended, or what it failed with while nobody wanted it to end. */
  async #runOnce(
    asked: AbortSignal,
    onOpen: () => void,
  ): Promise<{ readonly reason: string } | { readonly error: unknown }> {
    const isAsked = () => asked.aborted;
    if (isAsked()) return { reason: BY_COMMAND };
    const stop = new Stop(this.#parts.drainTimeoutMs);
    const request = () => {
      this.#change('stopping');
      stop.request();
    };
    asked.addEventListener('abort', request, { once: true });
    const broken = new Promise<never>((_, reject) => {
      this.#onBug = (error) => {
        reject(new Bug(error));
        stop.request();
      };
    });
    broken.catch(() => undefined);
    try {
      const filter = this.#filter;
      const opened = await Promise.race([this.#open(stop), broken]);
      if (!opened) return { reason: BY_COMMAND };
      if (this.#filter !== undefined && this.#filter !== filter)
        await opened.setFilter(this.#filter);
      this.#current = opened;
      this.#startedAt = new Date();
      this.#change('running');
      this.#log.info({ event: 'started' }, opened.started);
      onOpen();
      await this.#watched(opened, stop, broken);
      return { reason: isAsked() ? BY_COMMAND : endOf(opened) };
    } catch (error) {
      if (!isAsked()) return { error };
      return { reason: `${BY_COMMAND}; at its end: ${this.#say(error)}` };
    } finally {
      this.#onBug = undefined;
      asked.removeEventListener('abort', request);
      stop.clear();
    }
  }

  /** What it does, opened; undefined where it is stopped meanwhile: nobody waits for a broker then. */
  async #open(stop: Stop): Promise<TaskRun | undefined> {
    const opening = openInScope((scope) =>
      this.#parts.open(this.#description, scope, { stop, log: this.#log, pace: this.pace }),
    ).then(({ opened }) => opened);
    const stopped = once(stop.requested, 'abort').then(() => undefined);
    const opened = await Promise.race([opening, stopped]);
    if (!opened) void opening.then(({ run }) => run.close()).catch(() => undefined);
    return opened;
  }

  async #watched(opened: TaskRun, stop: Stop, broken: Promise<never>): Promise<void> {
    const { run, watchdogs, autostop } = opened;
    const look = watchAll(watchdogs);
    const watching = setInterval(() => {
      look(run.account());
    }, WATCH_MS).unref();
    autostop.begin();
    try {
      await Promise.race([run.run(stop), broken]);
    } finally {
      autostop.end();
      clearInterval(watching);
      this.#settle(opened);
      await closeSoon(run, stop);
    }
  }

  /** What the run has counted belongs to those that are over. */
  #settle(opened: TaskRun): void {
    const { run } = opened;
    const ended = (account: Account) => settled(account, UNHEARD);
    const account = ended(run.account());
    this.#log.info(
      { event: 'summary', ...summarize(account, run.durationMs) },
      summaryLines(account).join('; '),
    );
    this.#before = countedWith(this.#before, opened, ended);
    this.#current = undefined;
  }

  /**
   * Whether it makes sense to try again. What has run once was described well: only what can't be read again from where
   * it stopped, a file, is not begun again.
   */
  #mayPass(error: unknown, hasRun: boolean): boolean {
    if (!(error instanceof UserError) || error.exitStatus === 2) return false;
    return error.passes !== undefined || (hasRun && this.#description.capture.name !== 'file');
  }

  /** For people: why it failed. What is no UserError is a bug, of which the log has more. */
  #say(error: unknown): string {
    if (error instanceof UserError) return error.message;
    this.#log.error({ event: 'bug', err: error }, `a bug in kcap: ${messageOf(error)}`);
    return `a bug in kcap: ${messageOf(error)}`;
  }

  async #end(asked: AbortSignal, state: 'stopped' | 'failed', reason: string): Promise<void> {
    if (!asked.aborted) await this.#parts.onEnd?.(this, state, reason);
    this.#asked = undefined;
    this.#change(state, reason);
  }

  #change(state: TaskState, reason?: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#endedAtMs = state === 'stopped' || state === 'failed' ? Date.now() : undefined;
    const level = LEVELS[state];
    this.#log[level](
      { event: 'task-state', state, ...(reason !== undefined && { reason }) },
      reason === undefined ? state : `${state}: ${reason}`,
    );
    this.#parts.onChange(this);
  }
}

function endOf({ autostop: { reached } }: TaskRun): string {
  return reached === undefined
    ? 'its input has ended'
    : `its limit is reached: ${limitText(reached)}`;
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
