import type { Logger } from 'pino';
import { addon } from '../addon.js';
import type { ExitStatus } from '../errors/user-error.js';
import type { PacketRun } from '../pipeline/packet-run.js';
import type { Stop } from '../pipeline/stop.js';
import type { Cause } from '../errors/cause.js';
import { settled, type Account } from '../pipeline/account.js';
import { lost, summarize, summaryLines } from '../pipeline/summary.js';
import { watchAll, type Watchdog } from '../watchdogs/watchdog.js';
import { lookAtAccount } from './account-views.js';
import type { LogFormat } from './logging.js';
import { Progress } from './progress.js';

export interface RunOptions {
  /** Said once signals are listened to: whoever waits for it may send one. */
  readonly started: string;
  readonly log: Logger;
  readonly format: LogFormat;
  readonly quiet: boolean;
  /** How often a statistics record is logged; 0 for never. */
  readonly statsIntervalMs: number;
  readonly watchdogs?: readonly Watchdog[];
}

/** Of packets of which nobody can say any more what became of them. */
const UNHEARD: Cause = {
  id: 'unheard',
  fate: 'failed',
  loss: true,
  text: 'nothing was heard of them until the end',
};
const GIVEN_UP: Cause = {
  id: 'given-up',
  fate: 'failed',
  loss: true,
  text: 'given up at a second signal',
};
/** Long enough for a group to be left and offsets to be committed. */
const CLOSE_LIMIT_MS = 5000;

const WATCH_MS = 1000;
const PROGRESS_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs to the end: the first signal asks the run to stop, the second one ends the process. Always closes with the
 * summary. The exit status says whether anything was lost.
 */
export async function superviseRun(
  run: PacketRun,
  stop: Stop,
  { started, log, format, quiet, statsIntervalMs, watchdogs = [] }: RunOptions,
): Promise<ExitStatus> {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) {
      log.warn(`${signal} again: ending now`);
      showSummary(settled(run.account(), GIVEN_UP), run.durationMs, log, format);
      addon.exitNow(1);
    }
    asked = true;
    log.info(`${signal}: stopping, with what was captured until now`);
    stop.request();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  log.info({ event: 'started' }, started);
  const progress = process.stderr.isTTY && !quiet ? new Progress() : undefined;
  const watch = watchAll(watchdogs);
  watch(run.account());
  const endLooking = lookAtAccount(run, [
    { everyMs: WATCH_MS, look: watch },
    { everyMs: PROGRESS_MS, look: (account) => progress?.show(account) },
    { everyMs: statsIntervalMs, look: statisticsTo(log) },
  ]);
  try {
    await run.run(stop);
  } finally {
    endLooking();
    progress?.hide();
    showSummary(settled(run.account(), UNHEARD), run.durationMs, log, format);
    await closeSoon(run);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  return lost(settled(run.account(), UNHEARD)) > 0 ? 1 : 0;
}

/** A client's thread may be waiting for a name server: nobody should have to wait for it, too. */
async function closeSoon(run: PacketRun): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_LIMIT_MS);
  });
  await Promise.race([run.close(), limit]);
  clearTimeout(timer);
}

/** Logs a record of the account. */
function statisticsTo(log: Logger): (account: Account, durationMs: number) => void {
  return (account, durationMs) => {
    const text = summaryLines(account).join('; ');
    log.info({ event: 'statistics', ...summarize(account, durationMs) }, text);
  };
}

function showSummary(account: Account, durationMs: number, log: Logger, format: LogFormat): void {
  const lines = summaryLines(account);
  const level = lost(account) > 0 ? 'warn' : 'info';
  // A summary ends every run, whatever the log level.
  if (!log.isLevelEnabled(level)) log.level = level;
  if (format === 'json')
    log[level]({ event: 'summary', ...summarize(account, durationMs) }, lines[0]);
  else for (const line of lines) log[level](line);
}
