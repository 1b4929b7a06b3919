import { packetsWithFate, withFate, underWay, type Account } from '../pipeline/account.js';
import { TOO_SLOW } from '../pipeline/contracts.js';
import { summarize, type Summary } from '../pipeline/summary.js';
import type { TaskState, TaskStatus } from './task-status.js';

/** What a reporter has done: packets, or messages where those are what it reports. */
export interface ReporterReport {
  readonly in: number;
  readonly out: number;
  readonly failed: number;
  /** It was too slow for them, and must not hold up the others. */
  readonly dropped: number;
  /** They wait on disk. */
  readonly spooled: number;
  /** Those that failed, by the ids of their causes. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A task's status as commands answer with it: the summary's fields, and what people ask for first by short names. */
export interface TaskReport extends Omit<Summary, 'reporters'> {
  readonly state: TaskState;
  readonly reason?: string;
  /** ISO 8601, UTC. */
  readonly started_at?: string;
  /** Packets. */
  readonly under_way: number;
  readonly drops: { readonly kernel: number; readonly interface: number };
  readonly reporters: Readonly<Record<string, ReporterReport>>;
}

export function taskReport(status: TaskStatus): TaskReport {
  const { state, reason, startedAt, account, reporters, durationMs } = status;
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(startedAt && { started_at: startedAt.toISOString() }),
    ...summarize(account, durationMs),
    under_way: underWay(account).packets,
    drops: {
      kernel: account.beside.dropped_kernel ?? 0,
      interface: account.beside.dropped_interface ?? 0,
    },
    reporters: Object.fromEntries([...reporters].map(([id, own]) => [id, reporterReport(own)])),
  };
}

function reporterReport(account: Account): ReporterReport {
  const failed = withFate(account, 'failed');
  const dropped = failed.filter(({ cause }) => cause.id === TOO_SLOW.id);
  const others = failed.filter(({ cause }) => cause.id !== TOO_SLOW.id);
  const packets = (outcomes: typeof failed) =>
    outcomes.reduce((total, one) => total + one.packets, 0);
  return {
    in: account.in.packets,
    out: account.out.packets,
    failed: packets(others),
    dropped: packets(dropped),
    spooled: packetsWithFate(account, 'spooled'),
    errors: Object.fromEntries(others.map(({ cause, packets: count }) => [cause.id, count])),
  };
}
