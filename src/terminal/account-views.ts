import type { Account } from '../pipeline/account.js';
import type { Run } from '../pipeline/run.js';

/** Somebody who looks at the account of a run while it goes on. */
export interface AccountView {
  /** How often, in ms; 0 for never. A whole number of ticks is waited for. */
  readonly everyMs: number;
  look(account: Account, durationMs: number): void;
}

/** The shortest time between two looks. */
const TICK_MS = 500;
/** Timers may come that much too early. */
const EARLY_MS = 2;

/** Has them look, each at its time and all at the same account, until the returned function is called. */
export function lookAtAccount(run: Run, views: readonly AccountView[]): () => void {
  const due = views
    .filter(({ everyMs }) => everyMs > 0)
    .map((view) => ({ view, atMs: performance.now() + view.everyMs }));
  const look = () => {
    const now = performance.now();
    const looking = due.filter(({ atMs }) => atMs <= now + EARLY_MS);
    if (looking.length === 0) return;
    const account = run.account();
    for (const entry of looking) {
      entry.view.look(account, run.durationMs);
      entry.atMs = Math.max(entry.atMs + entry.view.everyMs, now);
    }
  };
  const shortest = Math.min(TICK_MS, ...due.map(({ view }) => view.everyMs));
  const timer = setInterval(look, shortest);
  return () => {
    clearInterval(timer);
  };
}
