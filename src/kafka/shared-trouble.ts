import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { addon } from '../addon/addon.js';
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
/** A client at work complains every few seconds: after such a silence nobody needs these brokers any more. */
const FORGOTTEN_AFTER_MS = 2 * 60_000;
/** A group that nobody has: whatever the brokers answer, they are there. */
const NO_GROUP = 'kcap-are-you-there';

/** Whether any of the brokers answers. */
async function answer(properties: Properties): Promise<boolean> {
  const said = await addon.groupMembers([...controlProperties(properties)], NO_GROUP, ASK_LIMIT_MS);
  return typeof said !== 'string' || !UNREACHABLE.has(said);
}

/** Of some brokers. */
interface Trouble {
  readonly said: Throttle;
  /** None of them can be reached. */
  isAway: boolean;
  /** When a client has complained last, on a clock that never jumps. */
  heardMs: number;
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
  /** By the brokers' addresses. */
  readonly #troubles = new Map<string, Trouble>();

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
    this.#forgetOld();
    const brokers = brokersOf(properties);
    const trouble = this.#troubles.get(brokers) ?? {
      ...{ said: new Throttle(REMIND_MS), isAway: false, heardMs: 0 },
    };
    trouble.heardMs = performance.now();
    this.#troubles.set(brokers, trouble);
    if (name === NONE_REACHABLE && !trouble.isAway) {
      trouble.isAway = true;
      void this.#untilBack(brokers, trouble, properties);
    }
    // While none is there, it is the same trouble whatever a client calls it.
    return trouble.said.admits(trouble.isAway ? NONE_REACHABLE : withoutDuration(cause));
  }

  close(): void {
    this.#closing.abort();
  }

  #forgetOld(): void {
    for (const [brokers, { heardMs }] of this.#troubles)
      if (performance.now() - heardMs > FORGOTTEN_AFTER_MS) this.#troubles.delete(brokers);
  }

  async #untilBack(brokers: string, trouble: Trouble, properties: Properties): Promise<void> {
    const { signal } = this.#closing;
    const isWanted = () => !signal.aborted && this.#troubles.get(brokers) === trouble;
    do {
      await sleep(this.#asks.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      this.#forgetOld();
      if (!isWanted()) return;
    } while (!(await this.#asks.answer(properties)));
    if (!isWanted()) return;
    this.#troubles.delete(brokers);
    this.#log.info({ event: 'brokers-back' }, `Kafka: brokers at ${brokers} answer again`);
  }
}

/** Without what differs each time: how long something took. */
function withoutDuration(cause: string): string {
  return cause.replaceAll(/\d+ms/g, '');
}
