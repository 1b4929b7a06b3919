import type { Logger } from 'pino';
import type { Cause } from '../errors/cause.js';
import type { ExitStatus } from '../errors/user-error.js';
import { closeSoon, UNHEARD } from '../pipeline/run-end.js';
import type { Run } from '../pipeline/run.js';
import type { Stop } from '../pipeline/stop.js';
import { EMPTY_ACCOUNT, settled, type Account } from '../pipeline/account.js';
import { lost, summarize, summaryLines } from '../pipeline/summary.js';
import { watchAll, type Watchdog } from '../watchdogs/watchdog.js';
import { lookAtAccount, type AccountView } from './account-views.js';
import { exitNow } from './exit.js';
import type { LogFormat } from './logging.js';
import { Progress, progressText } from './progress.js';
import { isCapableTerminal, standardError } from './standard-error.js';
import { statusLine } from './status-line.js';
import { onStopSignal } from './stop-signals.js';

export interface RunOptions {
  /** Logged once signals are handled: from then on one may be sent. */
  readonly started: string;
  readonly log: Logger;
  readonly format: LogFormat;
  /** Whether progress is shown; undefined: where standard error is a terminal. */
  readonly progress: boolean | undefined;
  /** How often a statistics record is logged; 0 for never. */
  readonly statsIntervalMs: number;
  readonly watchdogs?: readonly Watchdog[];
}

const GIVEN_UP = failure('given-up', 'given up at a second signal');
const BUG = failure('bug', 'given up because of a bug in kcap');

const WATCH_MS = 1000;
/** How often progress is shown: in a line that is rewritten or, where that can't be, in lines of the log. */
const PROGRESS_MS = 500;
const LOGGED_PROGRESS_MS = 10_000;

/**
 * Runs to the end: the first signal asks the run to stop, the second one ends the process. Always closes with the
 * summary. The exit status says whether anything was lost, or the summary itself could not be written.
 */
export async function superviseRun(
  run: Run,
  stop: Stop,
  { started, log, format, progress, statsIntervalMs, watchdogs = [] }: RunOptions,
): Promise<ExitStatus> {
  const showEnd = (cause: Cause) =>
    showSummary(settled(run.account(), cause), run.durationMs, log, format);
  let asked = false;
  onStopSignal((signal) => {
    if (asked) {
      log.warn(`${signal} again: ending now`);
      showEnd(GIVEN_UP);
      exitNow(1);
    }
    asked = true;
    log.info(`${signal}: stopping; a second one ends at once`);
    stop.request();
  });
  const onBug = () => {
    showEnd(BUG);
  };
  process.on('uncaughtExceptionMonitor', onBug);
  log.info({ event: 'started' }, started);
  const watch = watchAll(watchdogs);
  watch(run.account());
  const views: AccountView[] = [
    { everyMs: WATCH_MS, look: watch },
    { everyMs: statsIntervalMs, look: statisticsTo(log) },
  ];
  if (progress ?? isCapableTerminal()) views.push(progressOf(run, log));
  const endLooking = lookAtAccount(run, views);
  let written: boolean;
  try {
    await run.run(stop);
  } finally {
    endLooking();
    statusLine.hide();
    process.off('uncaughtExceptionMonitor', onBug);
    written = showEnd(UNHEARD);
    await closeSoon(run, stop);
    onStopSignal(undefined);
  }
  return lost(settled(run.account(), UNHEARD)) > 0 || !written ? 1 : 0;
}

/**
 * From now until the run begins, a signal to stop ends the process as the signal does, with a summary that says that
 * nothing has been moved.
 */
export function endAtSignals(log: Logger, format: LogFormat): void {
  onStopSignal((signal) => {
    log.info(`${signal}: ending before anything was captured or read`);
    showSummary(EMPTY_ACCOUNT, 0, log, format);
    onStopSignal(undefined);
    process.kill(process.pid, signal);
  });
}

/** Counts along. */
function progressOf(run: Run, log: Logger): AccountView {
  const progress = new Progress();
  const measure = (account: Account, durationMs: number) =>
    progress.look(account, run.reach(), durationMs);
  if (isCapableTerminal())
    return {
      everyMs: PROGRESS_MS,
      look: (account, durationMs) => {
        const facts = measure(account, durationMs);
        statusLine.show((columns) => progressText(facts, columns));
      },
    };
  return {
    everyMs: LOGGED_PROGRESS_MS,
    look: (account, durationMs) => {
      log.info({ event: 'progress' }, progressText(measure(account, durationMs)));
    },
  };
}

/** Logs a record of the account. */
function statisticsTo(log: Logger): AccountView['look'] {
  return (account, durationMs) => {
    const text = summaryLines(account).join('; ');
    log.info({ event: 'statistics', ...summarize(account, durationMs) }, text);
  };
}

/** Whether it could be written. */
function showSummary(
  account: Account,
  durationMs: number,
  log: Logger,
  format: LogFormat,
): boolean {
  const lines = summaryLines(account);
  const level = lost(account) > 0 ? 'warn' : 'info';
  // A summary ends every run, whatever the log level.
  if (!log.isLevelEnabled(level)) log.level = level;
  return standardError.insist(() => {
    if (format === 'json')
      log[level]({ event: 'summary', ...summarize(account, durationMs) }, lines[0]);
    else for (const line of lines) log[level](line);
  });
}

function failure(id: string, text: string): Cause {
  return { id, fate: 'failed', loss: true, text };
}
