import type { Account } from '../pipeline/account.js';

/** Says, while a run goes on, what people would want to know before its end. */
export interface Watchdog {
  /**
   * @param account of the run until now
   * @param nowMs time that never jumps, in ms
   */
  look(account: Account, nowMs: number): void;
}

/** Has them all look. */
export function watchAll(watchdogs: readonly Watchdog[]): (account: Account) => void {
  return (account) => {
    for (const watchdog of watchdogs) watchdog.look(account, performance.now());
  };
}
