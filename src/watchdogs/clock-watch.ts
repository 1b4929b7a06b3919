import type { Logger } from 'pino';
import type { Account } from '../pipeline/account.js';
import type { Watchdog } from './watchdog.js';

/** More than what keeping a clock right takes: that is done in small steps. */
const JUMP_MS = 500;

/** Says when the clock that stamps packets jumps. */
export class ClockWatch implements Watchdog {
  readonly #log: Logger;
  readonly #wallClockMs: () => number;
  #offsetMs: number | undefined;

  constructor(log: Logger, wallClockMs = () => Date.now()) {
    this.#log = log;
    this.#wallClockMs = wallClockMs;
  }

  look(_account: Account, nowMs: number): void {
    const offsetMs = this.#wallClockMs() - nowMs;
    const jumpMs = offsetMs - (this.#offsetMs ?? offsetMs);
    this.#offsetMs = offsetMs;
    if (Math.abs(jumpMs) < JUMP_MS) return;
    const jump = `${jumpMs > 0 ? '+' : '-'}${(Math.abs(jumpMs) / 1000).toFixed(1)} s`;
    this.#log.warn(
      { event: 'clock-jump', jump_s: jumpMs / 1000 },
      `the clock jumped by ${jump}: the times of packets jump with it`,
    );
  }
}
