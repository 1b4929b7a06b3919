import type { Logger } from 'pino';
import { underWay, withFate, type Account } from '../pipeline/account.js';
import type { Watchdog } from './watchdog.js';

/** A delay that is worth a word; far above what batching takes. */
const LAG_MS = 3000;
const REPEAT_MS = 10_000;
/** How many times are remembered at which packets came. */
const MARKS = 600;

/** Says how far the deliveries are behind what was captured, and when they have caught up. */
export class DeliveryWatch implements Watchdog {
  readonly #log: Logger;
  /** When the packets up to a number had come, for those of which some wait. */
  readonly #marks: { readonly atMs: number; readonly packets: number }[] = [];
  #saidAtMs: number | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  look(account: Account, nowMs: number): void {
    const waiting = waitingIn(account);
    const packetsIn = account.in.packets;
    const settled = packetsIn - waiting.underWay - waiting.spooled;
    while (this.#marks[0] && this.#marks[0].packets <= settled) this.#marks.shift();
    if (this.#marks.at(-1)?.packets !== packetsIn && packetsIn > settled)
      this.#marks.push({ atMs: nowMs, packets: packetsIn });
    if (this.#marks.length > MARKS) this.#marks.splice(MARKS / 2, 1);

    const lagMs = nowMs - (this.#marks[0]?.atMs ?? nowMs);
    if (lagMs >= LAG_MS) this.#sayLag(waiting, lagMs, nowMs);
    else if (this.#saidAtMs !== undefined && lagMs === 0) this.#sayCaughtUp();
  }

  #sayLag(
    { underWay: packets_under_way, spooled: packets_spooled }: Waiting,
    lagMs: number,
    nowMs: number,
  ): void {
    if (this.#saidAtMs !== undefined && nowMs - this.#saidAtMs < REPEAT_MS) return;
    this.#saidAtMs = nowMs;
    const where = packets_spooled > 0 ? `, ${packets_spooled} of them on disk` : '';
    this.#log.warn(
      { event: 'lag', lag_s: Math.round(lagMs / 1000), packets_under_way, packets_spooled },
      `Kafka is ${Math.round(lagMs / 1000)} s behind: ` +
        `${packets_under_way + packets_spooled} packet(s) wait${where}`,
    );
  }

  #sayCaughtUp(): void {
    this.#saidAtMs = undefined;
    this.#log.info({ event: 'caught-up' }, 'Kafka has caught up');
  }
}

interface Waiting {
  readonly underWay: number;
  /** On disk. */
  readonly spooled: number;
}

function waitingIn(account: Account): Waiting {
  const [spooled] = withFate(account, 'spooled');
  return { underWay: underWay(account).packets, spooled: spooled?.packets ?? 0 };
}
