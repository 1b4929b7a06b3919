import type { Logger } from 'pino';
import type { NativeEvent } from '../addon.js';
import { problemOf, type ClientFacts } from './connection-problem.js';
import { takeTicket } from './kerberos-login.js';
import { hideSecrets } from './properties.js';

/** syslog's levels, which librdkafka uses, as log levels. */
const LEVELS = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const;

const HANGS_UP = /Disconnected|Broken pipe|reset by peer/;

/** How often the same error is said. */
const REPEAT_AFTER_MS = 10_000;

/** Logs what a librdkafka client says, with what to do about it; the same error only now and then. */
export class ClientLog {
  readonly #log: Logger;
  readonly #facts: ClientFacts;
  readonly #saidAt = new Map<string, number>();

  constructor(log: Logger, facts: ClientFacts) {
    this.#log = log;
    this.#facts = facts;
  }

  handle(event: NativeEvent): void {
    if (event.kind === 'log') {
      const text = hideSecrets(event.message, this.#facts.properties);
      const line = `librdkafka: ${event.facility}: ${text}`;
      if (isFailedKinit(event)) void this.#sayWhyNoTicket(line);
      else this.#log[levelOf(event)](line);
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
    if (this.#wasSaid(name)) return;
    const text = hideSecrets(message, this.#facts.properties);
    // These settings have connected before: a broker that hangs up now has other reasons.
    const { cause, remedy } = HANGS_UP.test(text)
      ? { cause: text, remedy: undefined }
      : problemOf(text, this.#facts);
    this.#log.warn(`Kafka: ${cause}${remedy === undefined ? '' : `; ${remedy}`}`);
  }

  /** librdkafka says only that kinit failed; this tries again, and says why. */
  async #sayWhyNoTicket(line: string): Promise<void> {
    if (this.#wasSaid('kinit')) return;
    const noTicket = await takeTicket(this.#facts);
    this.#log.error(noTicket?.message ?? line);
  }

  /** Whether it was said just now; if not, it is from now on. */
  #wasSaid(name: string): boolean {
    const now = Date.now();
    // Also where the clock was set back.
    if (Math.abs(now - (this.#saidAt.get(name) ?? 0)) < REPEAT_AFTER_MS) return true;
    this.#saidAt.set(name, now);
    return false;
  }
}

type LogEvent = Extract<NativeEvent, { kind: 'log' }>;

/** Lost connections, what SASL has against them, and the end of a client come as errors as well, which are said once. */
const COMES_AGAIN: ReadonlySet<string> = new Set(['FAIL', 'LIBSASL', 'FATAL']);

function levelOf({ level, facility }: LogEvent): (typeof LEVELS)[number] {
  const severity = LEVELS[level] ?? 'debug';
  const isError = severity === 'error' || severity === 'fatal';
  return isError && COMES_AGAIN.has(facility) ? 'debug' : severity;
}

function isFailedKinit({ level, facility }: LogEvent): boolean {
  return facility === 'SASLREFRESH' && LEVELS[level] === 'error';
}
