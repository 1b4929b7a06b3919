import type { Logger } from 'pino';
import { addon } from '../addon.js';
import type { ExitStatus } from '../errors/user-error.js';
import type { PacketRun } from '../pipeline/packet-run.js';
import type { Stop } from '../pipeline/stop.js';
import { summaryLines, type Summary } from '../pipeline/summary.js';
import { startWatching, type Watchdog } from '../watchdogs/watchdog.js';
import type { LogFormat } from './logging.js';
import { showProgress } from './progress.js';

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
      showSummary(run.summary('given up at a second signal'), log, format);
      addon.exitNow(1);
    }
    asked = true;
    log.info(`${signal}: stopping, with what was captured until now`);
    stop.request();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  log.info({ event: 'started' }, started);
  const hideProgress =
    process.stderr.isTTY && !quiet ? showProgress(() => run.summary()) : () => undefined;
  const endWatching = startWatching(watchdogs, () => run.summary());
  const endStatistics = showStatistics(() => run.summary(), statsIntervalMs, log);
  try {
    await run.run(stop);
  } finally {
    hideProgress();
    endWatching();
    endStatistics();
    showSummary(run.summary(UNHEARD), log, format);
    await closeSoon(run, stop.giveUp.aborted ? LATE_CLOSE_LIMIT_MS : CLOSE_LIMIT_MS);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  return run.summary(UNHEARD).lossy ? 1 : 0;
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
    log.info({ event: 'statistics', ...now }, summaryLines(now).join('; '));
  }, intervalMs);
  return () => {
    clearInterval(timer);
  };
}

function showSummary(summary: Summary, log: Logger, format: LogFormat): void {
  const { lossy, ...fields } = summary;
  const lines = summaryLines(summary);
  const level = lossy ? 'warn' : 'info';
  // A summary ends every run, whatever the log level.
  if (!log.isLevelEnabled(level)) log.level = level;
  if (format === 'json') log[level]({ event: 'summary', ...fields }, lines[0]);
  else for (const line of lines) log[level](line);
}
