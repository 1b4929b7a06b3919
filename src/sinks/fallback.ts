import type { Logger } from 'pino';
import type { Cause } from '../errors/cause.js';
import { firstPackets, packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, withEnded, type Account, type Count } from '../pipeline/account.js';
import { END_FAILED, ReaderLeft, type Sink } from '../pipeline/contracts.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import { InTime, writtenInTime, type Watched } from './in-time.js';
import { RepeatedWarnings } from './repeated-warnings.js';
import type { Reporter } from './reporter.js';

export interface FallbackOptions {
  /** What the two are called, for people. */
  readonly names: { readonly first: string; readonly other: string };
  /** How long the first may take nothing at all of what it was given. */
  readonly patienceMs: number;
  readonly log: Logger;
}

/** Gives the other what the first can't take in time. The other's owner flushes and closes it, and asks for its account. */
class Diversion<Batch> {
  readonly #first: Sink<Batch>;
  readonly #other: Sink<Batch>;
  readonly #countOf: (batch: Batch) => Count;
  readonly #inTime: InTime;
  readonly #names: FallbackOptions['names'];
  readonly #warnings: RepeatedWarnings;
  readonly #cause: Cause;
  readonly #tally = new Tally();

  constructor(
    first: Sink<Batch> & Watched,
    other: Sink<Batch>,
    countOfBatch: (batch: Batch) => Count,
    { names, patienceMs, log }: FallbackOptions,
  ) {
    this.#first = first;
    this.#other = other;
    this.#countOf = countOfBatch;
    this.#inTime = new InTime(first, patienceMs);
    this.#names = names;
    this.#warnings = new RepeatedWarnings(log);
    this.#cause = {
      ...{ id: 'fallback', fate: 'filtered', loss: false },
      text: `given to ${names.other} instead`,
    };
  }

  /** Whether the first takes what comes. */
  takes(): boolean {
    return this.#inTime.takes();
  }

  /** Gives a batch to the other. */
  async divert(batch: Batch, giveUp: AbortSignal): Promise<void> {
    const count = this.#countOf(batch);
    if (count.packets === 0) return;
    this.#warnings.say(
      `${this.#names.first} takes nothing in time: ${this.#names.other} gets what comes`,
    );
    this.#tally.take(count);
    try {
      await this.#other.write(batch, giveUp);
      this.#tally.settle(this.#cause, count);
    } catch (error) {
      this.#tally.settle(END_FAILED, count);
      throw error;
    }
  }

  account(): Account {
    const ended = [...this.#tally.account().outcomes.values()];
    return withEnded(this.#first.account(), ended);
  }
}

/** A reporter with another one for what it can't take in time. */
export class FallbackReporter implements Reporter {
  readonly name: string;
  readonly #first: Reporter;
  readonly #other: Reporter;
  readonly #patienceMs: number;
  readonly #diversion: Diversion<MessageBatch>;

  constructor(first: Reporter, other: Reporter, options: FallbackOptions) {
    this.name = first.name;
    this.#first = first;
    this.#other = other;
    this.#patienceMs = options.patienceMs;
    this.#diversion = new Diversion(first, other, countOfMessages, options);
  }

  get ended(): boolean {
    return this.#first.ended && this.#other.ended;
  }

  get failure(): Reporter['failure'] {
    return this.#first.failure;
  }

  async write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#diversion.takes())
      await writtenInTime(this.#first.write(batch, giveUp), this.#patienceMs);
    else await this.#diversion.divert(batch, giveUp);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.#first.flush(giveUp);
  }

  account(): Account {
    return this.#diversion.account();
  }

  async close(): Promise<void> {
    await this.#first.close();
  }
}

/** A sink of packets with another one for what it can't take in time, or once it has failed. */
export class FallbackSink implements Sink {
  readonly #first: Sink;
  readonly #diversion: Diversion<PacketBatch>;
  #hasFailed = false;

  constructor(first: Sink, other: Sink, options: FallbackOptions) {
    this.#first = first;
    this.#diversion = new Diversion(first, other, countOf, options);
    first.onFailure?.(() => {
      this.#hasFailed = true;
    });
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#hasFailed || !this.#diversion.takes()) {
      await this.#diversion.divert(batch, giveUp);
      return;
    }
    try {
      await this.#first.write(batch, giveUp);
    } catch (error) {
      this.#hasFailed = true;
      const handled = firstPackets(batch, error instanceof ReaderLeft ? error.packetsHandled : 0);
      const rest = packetsAfter(batch, handled.bytes.length);
      await this.#diversion.divert(rest, giveUp);
    }
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    try {
      await this.#first.flush(giveUp);
    } catch (error) {
      // The other one has taken its place.
      if (!this.#hasFailed) throw error;
    }
  }

  account(): Account {
    return this.#diversion.account();
  }

  async close(): Promise<void> {
    await this.#first.close();
  }
}

/** The other one among the ends of a run: it gets nothing but what others can't take. */
export class FallbackTarget<Batch> implements Sink<Batch> {
  readonly #sink: Sink<Batch>;

  constructor(sink: Sink<Batch>) {
    this.#sink = sink;
  }

  write(): Promise<void> {
    return Promise.resolve();
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.#sink.flush(giveUp);
  }

  account(): Account {
    return this.#sink.account();
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }
}

/** The same of a reporter. */
export class FallbackReporterTarget extends FallbackTarget<MessageBatch> implements Reporter {
  readonly name: string;
  readonly #reporter: Reporter;

  constructor(reporter: Reporter) {
    super(reporter);
    this.name = reporter.name;
    this.#reporter = reporter;
  }

  get ended(): boolean {
    return this.#reporter.ended;
  }

  get failure(): Reporter['failure'] {
    return this.#reporter.failure;
  }
}

/** Of messages as they were found: in what form they are sent, each end decides. */
function countOfMessages(batch: MessageBatch): Count {
  return { packets: batch.total, bytes: 0 };
}
