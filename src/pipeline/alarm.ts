/** The longest that it sleeps, in ms: a clock that is set meanwhile is noticed by then, and timers can't be set to much more. */
const LONGEST_SLEEP_MS = 60_000;

/** Calls somebody once a time has come, however far away it is. Keeps no process alive. */
export class Alarm {
  readonly #clock: () => number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param clock in ms, as the times that it is set to */
  constructor(clock: () => number, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Sets it to a time, in place of the one before; undefined for none. */
  set(dueMs: number | undefined): void {
    clearTimeout(this.#timer);
    if (dueMs === undefined) return;
    const leftMs = Math.max(dueMs - this.#clock(), 0);
    const wake = () => {
      if (this.#clock() < dueMs) this.set(dueMs);
      else this.#ring();
    };
    this.#timer = setTimeout(wake, Math.min(Math.ceil(leftMs), LONGEST_SLEEP_MS)).unref();
  }
}
