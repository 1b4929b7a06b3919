import { setMaxListeners } from 'node:events';

/** A stop waits no longer than this for a reader that is slow but takes what it is given. */
const LONGEST_MS = 5000;

/**
 * How a run is asked to end. `requested` ends the taking in of packets; `giveUp`, some time later, ends the waiting
 * for those that were taken.
 */
export class Stop {
  readonly #requested = new AbortController();
  readonly #giveUp = new AbortController();
  /** How long a stop that is requested waits. */
  readonly drainTimeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #progress: () => number = () => 0;

  constructor(drainTimeoutMs: number) {
    this.drainTimeoutMs = drainTimeoutMs;
    // All parts of a run listen, however many it has: from eleven on, Node would call that a leak, on standard error.
    setMaxListeners(0, this.requested, this.giveUp);
  }

  get requested(): AbortSignal {
    return this.#requested.signal;
  }

  get giveUp(): AbortSignal {
    return this.#giveUp.signal;
  }

  /** Whether the run has ended, or is asked to. */
  get isEnding(): boolean {
    return this.#isOver || this.#requested.signal.aborted;
  }

  /** Somebody wants the run to end: the drain timeout begins. */
  request(): void {
    this.#requested.abort();
    if (!this.#isOver && this.#timer === undefined) this.#wait(performance.now() + LONGEST_MS);
  }

  /** While this number grows, a requested stop begins its drain timeout anew, for five seconds at most. */
  waitWhileGrowing(progress: () => number): void {
    this.#progress = progress;
  }

  #wait(until: number): void {
    const before = this.#progress();
    this.#timer = setTimeout(() => {
      if (this.#progress() > before && performance.now() < until) this.#wait(until);
      else this.#giveUp.abort();
    }, this.drainTimeoutMs);
  }

  /** The run has had its last packet; what was taken may take its time. */
  finish(): void {
    this.#requested.abort();
  }

  /** The run is over. */
  clear(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
