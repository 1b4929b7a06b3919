import { setMaxListeners } from 'node:events';

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
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => {
      this.#giveUp.abort();
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
