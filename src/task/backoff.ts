const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long to wait before what has failed is tried again: 1 s, and each time twice as long, up to 1 min. */
export class Backoff {
  readonly #clock: () => number;
  #nextMs = FIRST_MS;
  #begunAtMs: number | undefined;

  /** @param clock in ms; it never jumps */
  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** It works. What has worked for longer than the longest wait begins again with the shortest. */
  begin(): void {
    this.#begunAtMs = this.#clock();
  }

  /** It has failed: how long to wait, in ms. */
  next(): number {
    const worked = this.#begunAtMs === undefined ? 0 : this.#clock() - this.#begunAtMs;
    this.#begunAtMs = undefined;
    if (worked > LONGEST_MS) this.#nextMs = FIRST_MS;
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}
