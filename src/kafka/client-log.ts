import type { Logger } from 'pino';
import type { NativeEvent } from '../addon.js';

/** syslog's levels, which librdkafka uses, as log levels. */
const LEVELS = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const;

/** How often the same error is said. */
const REPEAT_AFTER_MS = 10_000;

/** Logs what a librdkafka client says; the same error only now and then. */
export class ClientLog {
  readonly #log: Logger;
  readonly #saidAt = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  handle(event: NativeEvent): void {
    if (event.kind === 'log') {
      // Lost connections are reported as errors as well, which are said once.
      const level = LEVELS[event.level] ?? 'debug';
      this.#log[level === 'error' && event.facility === 'FAIL' ? 'debug' : level](
        `librdkafka: ${event.facility}: ${event.message}`,
      );
    } else if (event.kind === 'error') {
      this.error(event.name, event.message);
    } else if (event.kind === 'statistics') {
      this.#log.info({
        event: 'librdkafka-statistics',
        statistics: JSON.parse(event.json) as unknown,
      });
    }
  }

  error(name: string, message: string): void {
    const now = Date.now();
    if (now - (this.#saidAt.get(name) ?? 0) < REPEAT_AFTER_MS) return;
    this.#saidAt.set(name, now);
    this.#log.warn(`Kafka: ${message}`);
  }
}
