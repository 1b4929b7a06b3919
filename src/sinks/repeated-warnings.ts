import type { Logger } from 'pino';

/** How often the same is said at most. */
const REPEAT_MS = 10_000;

/** Says what goes on for a while at once, and then now and then. */
export class RepeatedWarnings {
  readonly #log: Logger;
  readonly #saidAtMs = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  say(text: string): void {
    const now = performance.now();
    if (now - (this.#saidAtMs.get(text) ?? -Infinity) < REPEAT_MS) return;
    this.#saidAtMs.set(text, now);
    this.#log.warn(text);
  }
}
