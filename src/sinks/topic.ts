import type { Cause } from '../errors/cause.js';
import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import { withDeliveries } from './deliveries.js';
import { Patience } from './patience.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';

const NOT_SENT: Cause = {
  id: 'not-sent-in-time',
  fate: 'failed',
  loss: true,
  text: 'not sent before the drain timeout',
};

/** Sends packets to a topic. */
export class TopicSink implements Sink {
  readonly #producer: BatchProducer;
  readonly #drainTimeoutMs: number;
  readonly #tally = new Tally();

  /** @param drainTimeoutMs how long a flush waits while nothing at all is delivered */
  constructor(producer: BatchProducer, drainTimeoutMs: number) {
    this.#producer = producer;
    this.#drainTimeoutMs = drainTimeoutMs;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    this.#tally.take(countOf(batch));
    const taken = await this.#producer.send(batch, giveUp).catch((error: unknown) => {
      this.#tally.giveBack(countOf(batch));
      throw error;
    });
    this.#tally.settle(NOT_SENT, countOf(packetsAfter(batch, taken)));
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    const patience = new Patience(this.#drainTimeoutMs, giveUp);
    const left = await this.#producer.drain((left) => patience.holds(left));
    if (left > 0) await this.#producer.purge();
    if (this.#producer.failure) throw this.#producer.failure;
  }

  account(): Account {
    return withDeliveries(this.#tally.account(), this.#producer.counters());
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
