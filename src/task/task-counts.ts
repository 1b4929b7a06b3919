import { EMPTY_ACCOUNT, type Account } from '../pipeline/account.js';
import { added, addedByName } from '../pipeline/total-account.js';
import type { Pipeline, TaskRun } from './task-run.js';

/** What the runs of a task have counted together. */
export interface TaskCounts {
  readonly account: Account;
  /** What each of its reporters has done, by its id: in packets, or in messages where it reports those. */
  readonly reporters: ReadonlyMap<string, Account>;
  /** What each of its threads has counted: one, or as many as share the packets. */
  readonly pipelines: readonly Pipeline[];
  /** How long it has run altogether, in ms. */
  readonly durationMs: number;
}

/** Before the first run. */
export const NOTHING_COUNTED: TaskCounts = {
  ...{ account: EMPTY_ACCOUNT, reporters: new Map(), durationMs: 0 },
  pipelines: [{ account: EMPTY_ACCOUNT, reporters: new Map() }],
};

/** The counts of the runs before, and of this one. @param seen how this one's accounts are seen */
export function countedWith(
  before: TaskCounts,
  opened: TaskRun,
  seen = (account: Account) => account,
): TaskCounts {
  const seenPipeline = (one: Pipeline): Pipeline => ({
    account: seen(one.account),
    reporters: new Map([...one.reporters].map(([id, account]) => [id, seen(account)])),
  });
  const { run } = opened;
  const own = seenPipeline({ account: run.account(), reporters: opened.reporters() });
  return {
    account: added(before.account, own.account),
    reporters: addedByName(before.reporters, own.reporters),
    pipelines: addedPipelines(before.pipelines, opened.pipelines?.().map(seenPipeline) ?? [own]),
    durationMs: before.durationMs + run.durationMs,
  };
}

/** A run may have more threads than the one before it, or fewer. */
function addedPipelines(before: readonly Pipeline[], after: readonly Pipeline[]): Pipeline[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
    account: added(before[index]?.account ?? EMPTY_ACCOUNT, after[index]?.account ?? EMPTY_ACCOUNT),
    reporters: addedByName(before[index]?.reporters, after[index]?.reporters),
  }));
}
