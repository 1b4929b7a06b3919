import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ReturnedBatch } from '../kafka/batch-producer.js';
import type { RenewedProducer } from '../kafka/renewed-producer.js';
import { firstPackets, packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { countOf, sum, Tally, withOutcomes, type Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Spool } from '../spool/spool.js';
import { withDeliveries } from './deliveries.js';
import { Patience } from './patience.js';
import { RepeatedWarnings } from './repeated-warnings.js';

/** From so many messages under way on, packets go to disk while no broker answers. */
const HIGH_WATER_MESSAGES = 20_000;
/** How long nothing was delivered when the brokers count as away. */
const AWAY_MS = 1000;
/** How often it is looked whether there is room, or what is under way has settled. */
const LOOK_MS = 50;
/** So few packets show whether brokers that have refused take them now. */
const TRIAL_PACKETS = 100;

const NO_ROOM: Cause = {
  id: 'no-room-in-spool',
  fate: 'failed',
  loss: true,
  text: 'no room in the spool',
};
const SPOOL_DAMAGED: Cause = {
  id: 'spool-damaged',
  fate: 'failed',
  loss: true,
  text: 'removed or damaged in the spool',
};

/**
 * Sends packets to a topic; those that it can't send go to disk and from there, in order, before any newer packet. What
 * the brokers refuse comes back to disk, and what can't be sent until the end stays there for the next run.
 */
export class SpoolingTopicSink implements Sink {
  readonly #producer: RenewedProducer;
  readonly #spool: Spool;
  readonly #drainTimeoutMs: number;
  readonly #sourceWaits: boolean;
  readonly #onFailure: ((error: unknown) => void)[] = [];
  readonly #log: Logger;
  readonly #warnings: RepeatedWarnings;
  /** Taken back, and on disk once there is room. */
  readonly #returned: ReturnedBatch[] = [];
  #sending: Promise<void> | undefined;
  #stopSending = false;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #tally = new Tally();
  #delivered = 0;
  #deliveredAt = performance.now();

  /**
   * @param options.drainTimeoutMs how long a flush waits while nothing at all is delivered
   * @param options.sourceWaits packets lose nothing by waiting for brokers that are slow, but there
   */
  constructor(
    producer: RenewedProducer,
    spool: Spool,
    options: {
      readonly drainTimeoutMs: number;
      readonly sourceWaits: boolean;
      readonly log: Logger;
    },
  ) {
    const { drainTimeoutMs, sourceWaits, log } = options;
    this.#producer = producer;
    this.#spool = spool;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#sourceWaits = sourceWaits;
    this.#log = log;
    this.#warnings = new RepeatedWarnings(log);
    producer.onChange(() => {
      if (!this.#stopSending) this.#sendSpooled();
    });
    if (spool.hasFiles) log.info(`first sending what an earlier run left in ${spool.where}`);
    if (spool.hasFiles || !producer.isOpen) this.#sendSpooled();
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    if (this.#isClosed) throw new Error('the sink is closed');
    // Once nobody waits any more, the disk is quicker than a queue that is withdrawn right after.
    const isOnlyKept = this.#mustSpool || giveUp.aborted;
    this.#tally.take(countOf(batch));
    const rest = isOnlyKept ? batch : await this.#restAfterSending(batch, giveUp);
    if (rest.count === 0) return;
    try {
      await this.#putOnDisk(rest, giveUp);
    } catch (error) {
      // What came before the rest is under way: the batch was taken, and the next one is not.
      this.#fail(error);
      this.#tally.settle(NO_ROOM, countOf(rest));
    }
  }

  /** Called once nothing can be spooled any more, or soon where that is so already. */
  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure.push(listener);
    const failure = this.#failure;
    if (failure)
      queueMicrotask(() => {
        listener(failure.error);
      });
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    const patience = new Patience(this.#drainTimeoutMs, giveUp);
    const goesOn = () => patience.holds(this.#producer.counters().delivered);
    while (this.#hasToSend && !this.#failure && goesOn()) await delay(LOOK_MS);
    this.#stopSending = true;
    await this.#sending;

    await this.#producer.drain(goesOn);
    await this.#leaveOnDisk();
    await this.#keepRefused();
    if (this.#spool.hasOlder)
      this.#log.info(`packets that an earlier run left in ${this.#spool.where} still wait there`);
    if (this.#failure) throw this.#failure.error;
  }

  account(): Account {
    const { where, waiting, takenUp, lost } = this.#spool;
    const own = this.#tally.account();
    const taken = { ...own, in: sum(own.in, takenUp), spool: where };
    const waits: Cause = {
      id: 'spooled',
      fate: 'spooled',
      loss: false,
      text: `wait in ${where}: the next run with this --spool sends them`,
    };
    return withOutcomes(withDeliveries(taken, this.#producer.counters()), [
      { cause: SPOOL_DAMAGED, packets: lost, bytes: 0 },
      { cause: waits, packets: waiting, bytes: 0 },
    ]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopSending = true;
    await this.#sending;
    await this.#producer.close();
    await this.#spool.close();
  }

  /** Older packets wait already, or nobody takes any. */
  get #mustSpool(): boolean {
    return this.#spool.hasPackets || this.#returned.length > 0 || !this.#producer.isOpen;
  }

  get #hasToSend(): boolean {
    return this.#spool.hasPackets || this.#returned.length > 0 || this.#producer.isRefused;
  }

  async #restAfterSending(batch: PacketBatch, giveUp: AbortSignal): Promise<PacketBatch> {
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
    if (!this.#producer.isOpen) return true;
    return (isQueueFull || underWay > HIGH_WATER_MESSAGES) && now - this.#deliveredAt > AWAY_MS;
  }

  /** Waits while the spool is full: then the kernel's buffer fills, and what it drops is counted. */
  async #putOnDisk(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (!this.#mustSpool)
      this.#warnings.say(
        `Kafka takes packets too slowly, or not at all: they go to ${this.#spool.where}`,
      );
    while (!(await this.#spool.append(batch))) {
      if (this.#failure) throw this.#failure.error;
      if (giveUp.aborted) {
        this.#tally.settle(NO_ROOM, countOf(batch));
        return;
      }
      this.#sayFull();
      await delay(LOOK_MS);
    }
    this.#sendSpooled();
  }

  #sendSpooled(): void {
    if (this.#isClosed) return;
    this.#stopSending = false;
    this.#sending ??= this.#sendAll()
      .catch((error: unknown) => {
        this.#fail(error);
      })
      .finally(() => {
        this.#sending = undefined;
      });
  }

  /** Sends what is on disk until there is nothing any more, over all refusals. */
  async #sendAll(): Promise<void> {
    const { hasFiles } = this.#spool;
    while (
      (this.#spool.hasFiles || this.#hasToSend || !this.#producer.isOpen) &&
      !this.#stopSending
    ) {
      if (this.#producer.isRefused) await this.#takeBack();
      this.#sayProblem();
      await this.#keepRefused();
      const isSent = await this.#sendNext();
      await this.#spool.removeSettled(this.#producer.counters().settled);
      if (!isSent) await delay(LOOK_MS);
    }
    if (hasFiles && !this.#spool.hasFiles) this.#log.debug(`all of ${this.#spool.where} was sent`);
  }

  /** False where there is nothing to send, or nobody who takes it. */
  async #sendNext(): Promise<boolean> {
    const { isOpen, isOnTrial } = this.#producer;
    const { accepted, underWay } = this.#producer.counters();
    // What is on disk is safe there: it need not fill the memory while nobody takes it.
    if (!isOpen || (isOnTrial && underWay > 0) || this.#areBrokersAway(false)) return false;
    const batch = await this.#spool.next();
    if (!batch) return false;
    const taken = await this.#producer.offer(
      isOnTrial ? firstPackets(batch, TRIAL_PACKETS) : batch,
    );
    const { accepted: last } = this.#producer.counters();
    this.#spool.take(batch, taken, { first: accepted + 1, last });
    return taken > 0;
  }

  /** Brings back to disk what was not delivered when the brokers refused; then it is tried again. */
  async #takeBack(): Promise<void> {
    do this.#returned.push(...(await this.#producer.takeBack()));
    while (this.#producer.counters().underWay > 0 && !this.#stopSending);
    await this.#keepRefused();
    while (!this.#stopSending) {
      if (await this.#spool.putBack(this.#returned)) {
        this.#returned.length = 0;
        this.#producer.renew();
        return;
      }
      this.#sayFull();
      await delay(LOOK_MS);
    }
  }

  /** Takes back what was not delivered, so that the next run sends it. */
  async #leaveOnDisk(): Promise<void> {
    this.#returned.push(...(await this.#producer.takeBack(0)));
    if (this.#returned.length === 0 && !this.#spool.hasFiles) return;
    const isComplete = this.#producer.counters().underWay === 0;
    const { lost, error } = await this.#spool.leave(this.#returned.splice(0), { isComplete });
    if (error !== undefined) this.#fail(error);
    this.#tally.settle(NO_ROOM, { packets: lost, bytes: 0 });
  }

  async #keepRefused(): Promise<void> {
    for (const batch of this.#producer.takeRefused()) await this.#spool.keepRefused(batch);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const listener of this.#onFailure) listener(error);
  }

  #sayProblem(): void {
    const { problem } = this.#producer;
    if (!problem) return;
    const remedy = problem.remedy === undefined ? '' : `; ${problem.remedy}`;
    this.#warnings.say(
      `${problem.message}: packets go to ${this.#spool.where} until Kafka takes them${remedy}`,
    );
  }

  #sayFull(): void {
    this.#warnings.say(
      `${this.#spool.where} is full (${this.#spool.shortage}): packets wait until there is room`,
    );
  }
}
