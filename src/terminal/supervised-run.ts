import type { Logger } from 'pino';
import type { ExitStatus } from '../errors/user-error.js';
import type { PacketRun } from '../pipeline/packet-run.js';
import type { Stop } from '../pipeline/stop.js';
import { NOTHING_MOVED, summaryLines, summaryRecord, type Summary } from '../pipeline/summary.js';
import { startWatching, type Watchdog } from '../watchdogs/watchdog.js';
import { exitNow } from './exit.js';
import type { LogFormat } from './logging.js';
import { showProgress } from './progress.js';
import { isCapableTerminal, standardError } from './standard-error.js';
import { onStopSignal } from './stop-signals.js';

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

/** Cause of failure of packets of which nobody can say any more what became of them. */
const UNHEARD = 'nothing was heard of them until the end';
/** Long enough for a group to be left and offsets to be committed. */
const CLOSE_LIMIT_MS = 5000;
/** Once the drain timeout is over, nobody waits for more than that. */
const LATE_CLOSE_LIMIT_MS = 500;

/**
 * Runs to the end: the first signal asks the run to stop, the second one ends the process. Always closes with the
 * summary. The exit status says whether anything was lost, or the summary itself could not be written.
 */
export async function superviseRun(
  run: PacketRun,
  stop: Stop,
  { started, log, format, quiet, statsIntervalMs, watchdogs = [] }: RunOptions,
): Promise<ExitStatus> {
  let asked = false;
  onStopSignal((signal) => {
    if (asked) {
      log.warn(`${signal} again: ending now`);
      showSummary(run.summary('given up at a second signal'), log, format);
      exitNow(1);
    }
    asked = true;
    log.info(`${signal}: stopping, with what was captured until now`);
    stop.request();
  });
  const onBug = () => {
    showSummary(run.summary('given up for a bug in kcap'), log, format);
  };
  process.on('uncaughtExceptionMonitor', onBug);
  log.info({ event: 'started' }, started);
  const hideProgress =
    isCapableTerminal() && !quiet ? showProgress(() => run.summary()) : () => undefined;
  const endWatching = startWatching(watchdogs, () => run.summary());
  const endStatistics = showStatistics(() => run.summary(), statsIntervalMs, log);
  let written: boolean;
  try {
    await run.run(stop);
  } finally {
    hideProgress();
    endWatching();
    endStatistics();
    process.off('uncaughtExceptionMonitor', onBug);
    written = showSummary(run.summary(UNHEARD), log, format);
    await closeSoon(run, stop.giveUp.aborted ? LATE_CLOSE_LIMIT_MS : CLOSE_LIMIT_MS);
    onStopSignal(undefined);
  }
  return run.summary(UNHEARD).lost > 0 || !written ? 1 : 0;
}

/**
 * From now until the run begins, a signal to stop ends the process as the signal does, with a summary that says that
 * nothing has been moved.
 */
export function endAtSignals(log: Logger, format: LogFormat): void {
  onStopSignal((signal) => {
    log.info(`${signal}: ending before anything was captured or read`);
    showSummary(NOTHING_MOVED, log, format);
    onStopSignal(undefined);
    process.kill(process.pid, signal);
  });
}

/** A client's thread may be waiting for a name server: nobody should have to wait for it, too. */
async function closeSoon(run: PacketRun, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([run.close(), limit]);
  clearTimeout(timer);
}

/** Logs the account every so often, until the returned function is called. */
function showStatistics(account: () => Summary, intervalMs: number, log: Logger): () => void {
  if (intervalMs === 0) return () => undefined;
  const timer = setInterval(() => {
    const now = account();
    log.info({ event: 'statistics', ...summaryRecord(now) }, summaryLines(now).join('; '));
  }, intervalMs);
  return () => {
    clearInterval(timer);
  };
}

/** Whether it could be written. */
function showSummary(summary: Summary, log: Logger, format: LogFormat): boolean {
  const lines = summaryLines(summary);
  const level = summary.lost > 0 ? 'warn' : 'info';
  // A summary ends every run, whatever the log level.
  if (!log.isLevelEnabled(level)) log.level = level;
  return standardError.insist(() => {
    if (format === 'json') log[level]({ event: 'summary', ...summaryRecord(summary) }, lines[0]);
    else for (const line of lines) log[level](line);
  });
}
