/** How long something is waited for: as long as it makes progress, and some time more. */
export class Patience {
  readonly #limitMs: number;
  readonly #giveUp: AbortSignal;
  #progress: number | undefined;
  #since = 0;

  /** @param limitMs how long it may make no progress at all */
  constructor(limitMs: number, giveUp: AbortSignal) {
    this.#limitMs = limitMs;
    this.#giveUp = giveUp;
  }

  /** Whether to wait on. @param progress a number that changes with each progress */
  holds(progress: number): boolean {
    const now = performance.now();
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#since = now;
    }
    return !this.#giveUp.aborted && now - this.#since < this.#limitMs;
  }
}
