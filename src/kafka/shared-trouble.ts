import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { addon } from '../addon.js';
import { Throttle } from '../errors/throttle.js';
import type { ClientFacts } from './client-facts.js';
import type { Properties } from './properties.js';
import { brokersOf } from './security.js';
import { controlProperties } from './settings.js';

/** What librdkafka says, over and over, while it can't reach brokers. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  ...['_TRANSPORT', '_RESOLVE', '_TIMED_OUT', '_ALL_BROKERS_DOWN'],
]);
const NONE_REACHABLE = '_ALL_BROKERS_DOWN';
/** How often it is said again that it lasts. */
const REMIND_MS = 10 * 60_000;
/** How often brokers are asked whether they are back, and how long that may take. */
const ASK_AGAIN_MS = 5_000;
const ASK_LIMIT_MS = 3_000;
/** A group that nobody has: whatever the brokers answer, they are there. */
const NO_GROUP = 'kcap-are-you-there';

/** Whether any of the brokers answers. */
async function answer(properties: Properties): Promise<boolean> {
  const said = await addon.groupMembers([...controlProperties(properties)], NO_GROUP, ASK_LIMIT_MS);
  return typeof said !== 'string' || !UNREACHABLE.has(said);
}

interface Asks {
  readonly everyMs: number;
  readonly answer: (properties: Properties) => Promise<boolean>;
}

/**
 * What the Kafka clients of a process that has many say together about brokers that they can't reach: each thing once, a
 * reminder now and then, and once that the brokers are back.
 */
export class SharedTrouble {
  readonly #log: Logger;
  readonly #asks: Asks;
  readonly #closing = new AbortController();
  /** What was said, by the brokers' addresses. */
  readonly #said = new Map<string, Throttle>();
  readonly #away = new Set<string>();

  constructor(log: Logger, asks: Partial<Asks> = {}) {
    this.#log = log;
    this.#asks = { everyMs: ASK_AGAIN_MS, answer, ...asks };
  }

  /** Whether it is trouble of this kind. */
  static isMeantBy(name: string): boolean {
    return UNREACHABLE.has(name);
  }

  /** Whether a client is to say this now. @param name librdkafka's of the error */
  admits({ properties }: ClientFacts, name: string, cause: string): boolean {
    const brokers = brokersOf(properties);
    const said = this.#said.get(brokers) ?? new Throttle(REMIND_MS);
    this.#said.set(brokers, said);
    if (name === NONE_REACHABLE && !this.#away.has(brokers)) {
      this.#away.add(brokers);
      void this.#untilBack(brokers, properties);
    }
    // While none is there, it is the same trouble whatever a client calls it.
    return said.admits(this.#away.has(brokers) ? NONE_REACHABLE : withoutDuration(cause));
  }

  close(): void {
    this.#closing.abort();
  }

  async #untilBack(brokers: string, properties: Properties): Promise<void> {
    const { signal } = this.#closing;
    do await sleep(this.#asks.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    while (!signal.aborted && !(await this.#asks.answer(properties)));
    if (signal.aborted) return;
    this.#away.delete(brokers);
    this.#said.delete(brokers);
    this.#log.info({ event: 'brokers-back' }, `Kafka: brokers at ${brokers} answer again`);
  }
}

/** Without what differs each time: how long something took. */
function withoutDuration(cause: string): string {
  return cause.replaceAll(/\d+ms/g, '');
}
