import type { Summary } from '../pipeline/summary.js';

const LOOK_MS = 1000;

/** Says, while a run goes on, what people would want to know before its end. */
export interface Watchdog {
  /**
   * @param account of the run until now
   * @param nowMs time that never jumps, in ms
   */
  look(account: Summary, nowMs: number): void;
}

/** Has them look once a second until the returned function is called. */
export function startWatching(watchdogs: readonly Watchdog[], account: () => Summary): () => void {
  const look = () => {
    const now = account();
    for (const watchdog of watchdogs) watchdog.look(now, performance.now());
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
  };
}
