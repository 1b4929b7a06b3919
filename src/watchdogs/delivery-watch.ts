import type { Logger } from 'pino';
import { Throttle } from '../errors/throttle.js';
import { packetsWithFate, underWay, type Account } from '../pipeline/account.js';
import type { Watchdog } from './watchdog.js';

/** A delay that is worth a word; far above what batching takes. */
const LAG_MS = 3000;
const REPEAT_MS = 10_000;
/** How many times are remembered at which packets came. */
const MARKS = 600;

/** Says how far the deliveries are behind what was captured, and when they have caught up. */
export class DeliveryWatch implements Watchdog {
  readonly #log: Logger;
  readonly #slowness: string | undefined;
  /** When the packets up to a number had come, for those of which some wait. */
  readonly #marks: { readonly atMs: number; readonly packets: number }[] = [];
  /** What was delivered until the last look, and when that number last rose. */
  #delivered = 0;
  #deliveredAtMs: number | undefined;
  readonly #throttle = new Throttle(REPEAT_MS);
  /** What had failed when it was first said that Kafka is behind; undefined while it is not. */
  #failedBefore: number | undefined;

  /** @param slowness why the way to the brokers may be the cause, where it may be; said while packets get through */
  constructor(log: Logger, slowness?: string) {
    this.#log = log;
    this.#slowness = slowness;
  }

  look(account: Account, nowMs: number): void {
    if (account.out.packets > this.#delivered) this.#deliveredAtMs = nowMs;
    this.#delivered = account.out.packets;
    const { packets } = account.in;
    const waiting = underWay(account).packets + packetsWithFate(account, 'spooled');
    const settled = packets - waiting;
    while (this.#marks[0] && this.#marks[0].packets <= settled) this.#marks.shift();
    if (this.#marks.at(-1)?.packets !== packets && waiting > 0)
      this.#marks.push({ atMs: nowMs, packets });
    if (this.#marks.length > MARKS) this.#marks.splice(MARKS / 2, 1);

    const lagMs = nowMs - (this.#marks[0]?.atMs ?? nowMs);
    if (lagMs >= LAG_MS) this.#sayLag(account, lagMs, nowMs);
    else if (this.#failedBefore !== undefined && lagMs === 0)
      this.#sayEnd(account, this.#failedBefore);
  }

  #sayLag(account: Account, lagMs: number, nowMs: number): void {
    if (!this.#throttle.admits('lag', nowMs)) return;
    this.#failedBefore ??= packetsWithFate(account, 'failed');
    const packets_under_way = underWay(account).packets;
    const packets_spooled = packetsWithFate(account, 'spooled');
    // Where nothing gets through at all, it is not for the way's being slow.
    const isSlow = this.#deliveredAtMs !== undefined && nowMs - this.#deliveredAtMs < LAG_MS;
    const where = packets_spooled > 0 ? `, ${packets_spooled} of them on disk` : '';
    this.#log.warn(
      { event: 'lag', lag_s: Math.round(lagMs / 1000), packets_under_way, packets_spooled },
      `Kafka is ${Math.round(lagMs / 1000)} s behind: ` +
        `${packets_under_way + packets_spooled} packet(s) wait${where}` +
        (isSlow && this.#slowness !== undefined ? `; ${this.#slowness}` : ''),
    );
  }

  /** Nothing waits any more: since Kafka has taken it, or since it has failed. */
  #sayEnd(account: Account, failedBefore: number): void {
    const failed = packetsWithFate(account, 'failed') - failedBefore;
    this.#throttle.forget('lag');
    this.#failedBefore = undefined;
    if (failed === 0) this.#log.info({ event: 'caught-up' }, 'Kafka has caught up');
    else
      this.#log.warn(
        { event: 'given-up', packets_failed: failed },
        `no packets wait for Kafka any more, but ${failed} failed meanwhile`,
      );
  }
}
