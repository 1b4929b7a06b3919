/** Gives up a sink's work once a signal says so, or somebody calls for it. */
export class GiveUp {
  readonly #controller = new AbortController();
  #followed: AbortSignal | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, also once this signal is aborted. */
  follow(signal: AbortSignal): void {
    if (this.#followed === signal) return;
    this.#followed = signal;
    const now = () => {
      this.now();
    };
    if (signal.aborted) now();
    else signal.addEventListener('abort', now, { once: true });
  }

  now(): void {
    this.#controller.abort();
  }
}
