import type { Logger } from 'pino';
import { messageOf } from '../../errors/user-error.js';

/** Says once that a channel is away, and once that it is back, however often that is noticed. */
export class ChannelState {
  readonly #source: string;
  readonly #name: string;
  readonly #log: Logger;
  #state: 'new' | 'there' | 'away' = 'new';

  /** @param name of the channel, for people: `redis channel capture on host:6379` */
  constructor(source: string, name: string, log: Logger) {
    this.#source = source;
    this.#name = name;
    this.#log = log;
  }

  away(error: unknown): void {
    if (this.#state === 'away') return;
    this.#state = 'away';
    const [line = ''] = messageOf(error).split('\n');
    this.#log.warn(
      { event: 'trigger-away', source: this.#source },
      `${this.#name}: ${line === '' ? 'no connection' : line}; trying again until it is back`,
    );
  }

  there(): void {
    const before = this.#state;
    if (before === 'there') return;
    this.#state = 'there';
    this.#log.info(
      { event: 'trigger-listening', source: this.#source },
      before === 'away' ? `${this.#name}: back` : `${this.#name}: listening for capture messages`,
    );
  }
}

/** Waits between tries: longer after each failure. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #nextMs: number;

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#nextMs = firstMs;
  }

  /** How long to wait now, in ms. */
  next(): number {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(2 * waitMs, this.#longestMs);
    return waitMs;
  }

  /** It went well. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
