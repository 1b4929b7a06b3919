import type { Logger } from 'pino';
import type { NativeEvent } from '../addon/kafka.js';
import { Throttle } from '../errors/throttle.js';
import type { ClientFacts } from './client-facts.js';
import { problemOf, withoutThread } from './connection-problem.js';
import { takeTicket } from './kerberos-login.js';
import { hideSecrets } from './secrets.js';
import { SharedTrouble } from './shared-trouble.js';

/** syslog's levels, which librdkafka uses, as log levels. */
const LEVELS = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const;

/** How often the same error is said. */
const REPEAT_AFTER_MS = 10_000;

/** Where all clients of the process say together what brokers they can't reach; undefined: each for itself. */
let shared: SharedTrouble | undefined;

/** From now on, until what it gives back is called, all clients of the process share what they say of unreachable brokers. */
export function shareTrouble(log: Logger): () => void {
  const trouble = new SharedTrouble(log);
  shared = trouble;
  return () => {
    trouble.close();
    if (shared === trouble) shared = undefined;
  };
}

/** Logs what a librdkafka client says, with what to do about it; the same error only now and then. */
export class ClientLog {
  readonly #log: Logger;
  readonly #facts: ClientFacts;
  readonly #throttle = new Throttle(REPEAT_AFTER_MS);

  constructor(log: Logger, facts: ClientFacts) {
    this.#log = log;
    this.#facts = facts;
  }

  handle(event: NativeEvent): void {
    if (event.kind === 'log') {
      const text = withoutThread(hideSecrets(event.message, this.#facts.properties));
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
    const text = hideSecrets(message, this.#facts.properties);
    const { cause, remedy } = problemOf(text, this.#facts, { name, atWork: true });
    const isAdmitted =
      shared && SharedTrouble.isMeantBy(name)
        ? shared.admits(this.#facts, name, cause)
        : this.#throttle.admits(cause);
    if (!isAdmitted) return;
    this.#log.warn(`Kafka: ${cause}${remedy === undefined ? '' : `; ${remedy}`}`);
  }

  /** librdkafka says only that kinit failed; this tries again, and says why. */
  async #sayWhyNoTicket(line: string): Promise<void> {
    if (!this.#throttle.admits('kinit')) return;
    const noTicket = await takeTicket(this.#facts);
    this.#log.error(noTicket?.message ?? line);
  }
}

type LogEvent = Extract<NativeEvent, { kind: 'log' }>;

/** Lost connections, what SASL has against them, and the end of a client come as errors as well, which are said once. */
const COMES_AGAIN: ReadonlySet<string> = new Set(['FAIL', 'LIBSASL', 'FATAL']);

/** Said by kcap itself where it is worth a word: a file of properties may be for both modes. */
const IS_OF_OTHER_CLIENT = /will be ignored by this (?:consumer|producer) instance/;

function levelOf({ level, facility, message }: LogEvent): (typeof LEVELS)[number] {
  if (IS_OF_OTHER_CLIENT.test(message)) return 'debug';
  const severity = LEVELS[level] ?? 'debug';
  const isError = severity === 'error' || severity === 'fatal';
  return isError && COMES_AGAIN.has(facility) ? 'debug' : severity;
}

function isFailedKinit({ level, facility }: LogEvent): boolean {
  return facility === 'SASLREFRESH' && LEVELS[level] === 'error';
}
