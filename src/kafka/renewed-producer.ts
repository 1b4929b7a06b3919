import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors/user-error.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import type {
  BatchProducer,
  DeliveryCounters,
  DeliveryReport,
  ReturnedBatch,
} from './batch-producer.js';
import type { ClientFacts } from './client-facts.js';
import { addedFailures, type DeliveryFailure } from './delivery-cause.js';
import { missingTopic } from './missing-topic.js';
import { brokersOf } from './security.js';

/** How long one question for the topic waits for its answer: as long as closing has to wait, too. */
const ANSWER_MS = 1000;
/** How long until it asks again where nobody has answered, or where there is no such topic. */
const ASK_AGAIN_MS = 500;
/** How long after a refusal until it tries again: twice as long each time, up to the longest. */
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** How long what is on its way is waited for before it counts as not delivered. */
const ARRIVAL_MS = 2000;

/** How many partitions the topic has, and how long a question and its answer take; or why nobody knows yet. */
export type TopicStart =
  { readonly partitions: number; readonly roundTripMs: number } | { readonly problem: UserError };

export interface RenewedProducerOptions {
  /** Makes a producer whose packets come back when they fail for no fault of their own. */
  readonly make: (partitions: number) => BatchProducer;
  /** Asks the brokers, which answer, for what the topic takes. */
  readonly adapt: (producer: BatchProducer) => Promise<void>;
  readonly start: TopicStart;
  readonly facts: ClientFacts;
}

/**
 * A producer for which no refusal is the last word: while nobody answers, or the topic is missing, or the brokers
 * refuse to take packets, it is closed and tries again and again. What it was given before comes back meanwhile.
 */
export class RenewedProducer {
  readonly #make: (partitions: number) => BatchProducer;
  readonly #adapt: (producer: BatchProducer) => Promise<void>;
  readonly #facts: ClientFacts;
  readonly #closed = new AbortController();
  #current: BatchProducer;
  #partitions: number;
  /** Of producers before the current one. */
  #before = {
    ...{ accepted: 0, delivered: 0, deliveredBytes: 0, failed: 0 },
    failures: [] as readonly DeliveryFailure[],
  };
  #isOpen = false;
  #isRefused = false;
  #wasRefused = false;
  #isOpening = false;
  #problem: UserError | undefined;
  #pauseMs = SHORTEST_PAUSE_MS;
  #work: Promise<unknown> = Promise.resolve();
  #onChange: () => void = () => undefined;
  #onReports: () => void = () => undefined;

  constructor({ make, adapt, start, facts }: RenewedProducerOptions) {
    this.#make = make;
    this.#adapt = adapt;
    this.#facts = facts;
    this.#partitions = 'partitions' in start ? start.partitions : 1;
    this.#current = this.#made();
    if ('partitions' in start) {
      this.#isOpen = true;
      // Before anything is offered.
      void this.#adaptCurrent();
    } else {
      this.#problem = start.problem;
      this.#startOpening();
    }
  }

  /** Packets may be sent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The brokers have refused: takeBack() gives what was not delivered, and renew() goes on. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Nothing was delivered since the brokers last refused: a few packets will show whether they take them. */
  get isOnTrial(): boolean {
    return this.#wasRefused && this.#current.counters().delivered === 0;
  }

  /** Why it is not open. */
  get problem(): UserError | undefined {
    return this.#problem;
  }

  /** Calls `listener` when it has opened, and when it has been refused. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** As BatchProducer's, but takes nothing while it is not open. */
  async offer(batch: PacketBatch): Promise<number> {
    return this.#inTurn(async () => (this.#isOpen ? this.#current.offer(batch) : 0));
  }

  async drain(goesOn: (left: number) => boolean): Promise<number> {
    if (this.#holdsNothing) return 0;
    return this.#inTurn(async () => this.#current.drain(goesOn));
  }

  /**
   * Takes back what was not delivered, with numbers that count over all producers.
   *
   * @param waitMs how long what is on its way is waited for
   */
  async takeBack(waitMs = ARRIVAL_MS): Promise<ReturnedBatch[]> {
    if (this.#holdsNothing) return [];
    return this.#inTurn(async () => {
      const before = this.#before.accepted;
      const returned = await this.#current.withdraw(waitMs);
      return returned.map((batch) => ({
        ...batch,
        numbers: batch.numbers.map((number) => before + number),
      }));
    });
  }

  takeRefused(): ReturnedBatch[] {
    return this.#current.takeRefused();
  }

  /** After a refusal, once everything was taken back: tries again, in a while. */
  renew(): void {
    if (!this.#isRefused) return;
    this.#isRefused = false;
    this.#startOpening();
  }

  counters(): DeliveryCounters {
    const now = this.#current.counters();
    const { accepted, delivered, deliveredBytes, failed, failures } = this.#before;
    return {
      accepted: accepted + now.accepted,
      delivered: delivered + now.delivered,
      deliveredBytes: deliveredBytes + now.deliveredBytes,
      failed: failed + now.failed,
      underWay: now.underWay,
      settled: accepted + now.settled,
      failures: addedFailures(failures, now.failures),
    };
  }

  onReports(listener: () => void): void {
    this.#onReports = listener;
  }

  takeReports(): DeliveryReport[] {
    const { delivered } = this.#before;
    return this.#current
      .takeReports()
      .map((report) => ({ ...report, number: delivered + report.number }));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#isOpen = false;
    await this.#inTurn(async () => this.#current.close());
  }

  /** It only asks, which may take a moment. */
  get #holdsNothing(): boolean {
    return !this.#isOpen && !this.#isRefused;
  }

  #made(): BatchProducer {
    const producer = this.#make(this.#partitions);
    producer.onReports(() => {
      this.#onReports();
    });
    producer.onFailure(() => {
      if (producer === this.#current) this.#refuse(producer.failure);
    });
    return producer;
  }

  #refuse(problem: UserError | undefined): void {
    if (this.#closed.signal.aborted) return;
    this.#isOpen = false;
    this.#isRefused = true;
    this.#wasRefused = true;
    this.#problem = /unknown topic/i.test(problem?.message ?? '')
      ? missingTopic(this.#facts)
      : problem;
    this.#onChange();
  }

  #startOpening(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    void this.#openWhenAnswered();
  }

  /** Asks for the topic until somebody knows it. A refusal ends it: takeBack() and renew() come first then. */
  async #openWhenAnswered(): Promise<void> {
    while (!this.#closed.signal.aborted && !this.#isRefused) {
      // One that was refused is of no use any more.
      if (this.#current.failure) {
        await this.#pauseLonger();
        await this.#replace(this.#partitions);
      }
      const partitions = await this.#inTurn(async () => this.#current.partitions(ANSWER_MS));
      if (this.#current.failure) continue;
      if (partitions !== undefined && partitions > 0) {
        if (partitions !== this.#partitions) await this.#replace(partitions);
        // Refused meanwhile, it says so only once: what it got now would come back to nobody.
        if (!(await this.#adaptCurrent())) continue;
        this.#isOpen = true;
        this.#problem = undefined;
        break;
      }
      this.#problem = partitions === 0 ? missingTopic(this.#facts) : this.#silence();
      await this.#pause(ASK_AGAIN_MS);
    }
    this.#isOpening = false;
    this.#onChange();
  }

  /**
   * Without an answer, requests stay as they are: what they are too large for comes back. False where it was refused
   * in the meantime.
   */
  async #adaptCurrent(): Promise<boolean> {
    await this.#inTurn(async () => this.#adapt(this.#current)).catch(() => undefined);
    return this.#current.failure === undefined;
  }

  /** What was known before says more. */
  #silence(): UserError {
    return (
      this.#problem ??
      new UserError(`connect to ${brokersOf(this.#facts.properties)}`, 'no broker answers')
    );
  }

  async #replace(partitions: number): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#closed.signal.aborted) return;
      this.#before = this.counters();
      await this.#current.close();
      this.#partitions = partitions;
      this.#current = this.#made();
    });
  }

  async #pauseLonger(): Promise<void> {
    if (this.#current.counters().delivered > 0) this.#pauseMs = SHORTEST_PAUSE_MS;
    await this.#pause(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  /** Ends early where the producer is closed. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closed.signal }).catch(() => undefined);
  }

  /** A producer does one thing at a time. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}
