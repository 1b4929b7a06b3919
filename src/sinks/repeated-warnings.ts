import type { Logger } from 'pino';
import { Throttle } from '../errors/throttle.js';

/** How often the same is said at most. */
const REPEAT_MS = 10_000;

/** Warns of something that lasts: at once, then now and then. */
export class RepeatedWarnings {
  readonly #log: Logger;
  readonly #throttle = new Throttle(REPEAT_MS);

  constructor(log: Logger) {
    this.#log = log;
  }

  say(text: string): void {
    if (this.#throttle.admits(text)) this.#log.warn(text);
  }
}
