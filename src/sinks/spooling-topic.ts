import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, withOutcomes, type Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import { withDeliveries } from './deliveries.js';
import type { Spool } from '../spool/spool.js';
import { Patience } from './patience.js';

/** From so many messages under way on, packets go to disk while no broker answers. */
const HIGH_WATER_MESSAGES = 20_000;
/** How long nothing was delivered when the brokers count as away. */
const AWAY_MS = 1000;
/** How often it is looked whether there is room, or what is under way has settled. */
const LOOK_MS = 50;
/** How often it is said at most that packets go to disk, or that there is no room. */
const REPEAT_MS = 10_000;

const NO_ROOM: Cause = {
  id: 'no-room-in-spool',
  fate: 'failed',
  loss: true,
  text: 'no room in the spool',
};

/**
 * Sends packets to a topic; those that it can't send go to disk and from there, in order, before any newer packet. What
 * can't be sent until the end stays there for the next run.
 */
export class SpoolingTopicSink implements Sink {
  readonly #producer: BatchProducer;
  readonly #spool: Spool;
  readonly #drainTimeoutMs: number;
  readonly #sourceWaits: boolean;
  readonly #onFailure: () => void;
  readonly #log: Logger;
  readonly #saidAtMs = new Map<string, number>();
  #sending: Promise<void> | undefined;
  #stopSending = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #tally = new Tally();
  #delivered = 0;
  #deliveredAt = performance.now();

  /**
   * @param options.drainTimeoutMs how long a flush waits while nothing at all is delivered
   * @param options.sourceWaits packets lose nothing by waiting for brokers that are slow, but there
   * @param options.onFailure called once nothing can be spooled any more
   */
  constructor(
    producer: BatchProducer,
    spool: Spool,
    options: {
      readonly drainTimeoutMs: number;
      readonly sourceWaits: boolean;
      readonly onFailure: () => void;
      readonly log: Logger;
    },
  ) {
    const { drainTimeoutMs, sourceWaits, onFailure, log } = options;
    this.#producer = producer;
    this.#spool = spool;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#sourceWaits = sourceWaits;
    this.#onFailure = onFailure;
    this.#log = log;
    if (!spool.hasFiles) return;
    log.info(`sending first what an earlier run has left in ${spool.where}`);
    this.#sendSpooled();
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#tally.take(countOf(batch));
    const rest = await this.#restAfterSending(batch, giveUp);
    if (rest.count === 0) return;
    try {
      await this.#putOnDisk(rest, giveUp);
    } catch (error) {
      // What came before the rest is under way: the batch was taken, and the next one is not.
      this.#fail(error);
      this.#tally.settle(NO_ROOM, countOf(rest));
    }
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    const patience = new Patience(this.#drainTimeoutMs, giveUp);
    const goesOn = () => patience.holds(this.#producer.counters().delivered);
    while (this.#spool.hasPackets && !this.#failure && goesOn()) await delay(LOOK_MS);
    this.#stopSending = true;
    await this.#sending;

    const left = await this.#producer.drain(goesOn);
    if (left > 0 || this.#spool.hasFiles) await this.#leaveOnDisk();
    if (this.#spool.hasOlder)
      this.#log.info(`what an earlier run has left in ${this.#spool.where} waits there, too`);
    if (this.#failure) throw this.#failure.error;
    if (this.#producer.failure) throw this.#producer.failure;
  }

  account(): Account {
    const { where, waiting, takenUp } = this.#spool;
    const { in: taken, ...own } = this.#tally.account();
    const all = { packets: taken.packets + takenUp.packets, bytes: taken.bytes + takenUp.bytes };
    const waits: Cause = {
      id: 'spooled',
      fate: 'spooled',
      loss: false,
      text: `wait in ${where}: the next run with this --spool sends them`,
    };
    return withOutcomes(withDeliveries({ ...own, in: all }, this.#producer.counters()), [
      { cause: waits, packets: waiting, bytes: 0 },
    ]);
  }

  async close(): Promise<void> {
    this.#stopSending = true;
    await this.#sending;
    await this.#producer.close();
    await this.#spool.close();
  }

  async #restAfterSending(batch: PacketBatch, giveUp: AbortSignal): Promise<PacketBatch> {
    if (this.#spool.hasPackets) return batch;
    try {
      return await this.#send(batch, giveUp);
    } catch (error) {
      this.#tally.giveBack(countOf(batch));
      throw error;
    }
  }

  /** Sends what can be sent; the rest. */
  async #send(batch: PacketBatch, giveUp: AbortSignal): Promise<PacketBatch> {
    let rest = batch;
    for (let isFull = false; !this.#areBrokersAway(isFull); isFull = true) {
      rest = packetsAfter(rest, await this.#producer.offer(rest));
      if (rest.count === 0 || !this.#sourceWaits || giveUp.aborted) break;
    }
    return rest;
  }

  #areBrokersAway(isQueueFull: boolean): boolean {
    const { delivered, underWay } = this.#producer.counters();
    const now = performance.now();
    if (delivered !== this.#delivered || underWay === 0) this.#deliveredAt = now;
    this.#delivered = delivered;
    return (isQueueFull || underWay > HIGH_WATER_MESSAGES) && now - this.#deliveredAt > AWAY_MS;
  }

  /** Waits while the spool is full: then the kernel's buffer fills, and what it drops is counted. */
  async #putOnDisk(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (!this.#spool.hasPackets)
      this.#say(`Kafka takes packets too slowly, or not at all: they go to ${this.#spool.where}`);
    while (!(await this.#spool.append(batch))) {
      if (this.#failure) throw this.#failure.error;
      if (giveUp.aborted) {
        this.#tally.settle(NO_ROOM, countOf(batch));
        return;
      }
      this.#say(
        `${this.#spool.where} is full (--spool-size, or the disk): packets wait until there is room`,
      );
      await delay(LOOK_MS);
    }
    this.#sendSpooled();
  }

  #sendSpooled(): void {
    this.#stopSending = false;
    this.#sending ??= this.#sendAll()
      .catch((error: unknown) => {
        this.#fail(error);
      })
      .finally(() => {
        this.#sending = undefined;
      });
  }

  /** Sends what is on disk until there is nothing any more. */
  async #sendAll(): Promise<void> {
    while ((this.#spool.hasFiles || this.#spool.hasPackets) && !this.#stopSending) {
      // What is on disk is safe there: it need not fill the memory while nobody takes it.
      const batch = this.#areBrokersAway(false) ? undefined : await this.#spool.next();
      if (batch) {
        const taken = await this.#producer.offer(batch);
        this.#spool.take(batch, taken, this.#producer.counters().accepted);
        if (!this.#spool.hasPackets) this.#log.debug(`all of ${this.#spool.where} was sent`);
      }
      await this.#spool.removeSettled(this.#producer.counters().settled);
      if (!batch) await delay(LOOK_MS);
    }
  }

  /** Takes back what was not delivered, so that the next run sends it. */
  async #leaveOnDisk(): Promise<void> {
    const withdrawn = await this.#producer.withdraw();
    const leaves = { withdrawn, isComplete: this.#producer.counters().underWay === 0 };
    try {
      if (await this.#spool.leave(leaves)) return;
    } catch (error) {
      this.#fail(error);
    }
    for (const batch of withdrawn) this.#tally.settle(NO_ROOM, countOf(batch));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#onFailure();
  }

  #say(text: string): void {
    const now = performance.now();
    if (now - (this.#saidAtMs.get(text) ?? -Infinity) < REPEAT_MS) return;
    this.#saidAtMs.set(text, now);
    this.#log.warn(text);
  }
}
