/** Keeps what would be said again and again down to once in so many milliseconds, each thing for itself. */
export class Throttle {
  readonly #everyMs: number;
  readonly #saidAtMs = new Map<string, number>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Whether this may be said now; if so, it counts as said. @param nowMs time that never jumps */
  admits(what: string, nowMs = performance.now()): boolean {
    const isDue = this.isDue(what, nowMs);
    if (isDue) this.noteSaid(what, nowMs);
    return isDue;
  }

  /** Whether this may be said now. */
  isDue(what: string, nowMs = performance.now()): boolean {
    const saidAtMs = this.#saidAtMs.get(what);
    return saidAtMs === undefined || nowMs - saidAtMs >= this.#everyMs;
  }

  /** This has been said. */
  noteSaid(what: string, nowMs = performance.now()): void {
    // What may be said again need not be remembered: texts of others have no end.
    for (const said of this.#saidAtMs.keys()) if (this.isDue(said, nowMs)) this.forget(said);
    this.#saidAtMs.set(what, nowMs);
  }

  /** This may be said at once if it comes again. */
  forget(what: string): void {
    this.#saidAtMs.delete(what);
  }
}
