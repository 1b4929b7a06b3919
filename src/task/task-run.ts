import type { Logger } from 'pino';
import type { Account } from '../pipeline/account.js';
import type { Pace } from '../pipeline/pace.js';
import type { Run } from '../pipeline/run.js';
import type { Scope } from '../pipeline/scope.js';
import type { Stop } from '../pipeline/stop.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import type { Autostop } from './autostop.js';
import type { TaskDescription } from './description/task.js';

/** What one of the threads of a task has counted. */
export interface Pipeline {
  readonly account: Account;
  /** By their ids. */
  readonly reporters: ReadonlyMap<string, Account>;
}

/** What a task does, opened and not yet begun. Closing its run closes all of it. */
export interface TaskRun {
  readonly run: Run;
  readonly watchdogs: readonly Watchdog[];
  readonly autostop: Pick<Autostop, 'begin' | 'end' | 'reached'>;
  /** For people: what it does, and from where to where. */
  readonly started: string;
  /** What each of its reporters has done, by its id: of packets, or of messages where it reports those. */
  reporters(): ReadonlyMap<string, Account>;
  /** Where several threads share the packets, what each has counted and its reporters have. */
  pipelines?(): readonly Pipeline[];
  /** Changes the capture filter while it runs, without a gap; throws a UserError for one that makes no sense. */
  setFilter(expression: string): Promise<void>;
}

/** Opens what a task describes, in the scope: that closes it if not all can be opened. */
export type OpenTaskRun = (
  task: TaskDescription,
  scope: Scope,
  parts: { readonly stop: Stop; readonly log: Logger; readonly pace: Pace },
) => Promise<TaskRun>;
