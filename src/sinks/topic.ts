import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import { withDeliveries } from './deliveries.js';

const NOT_SENT: Cause = {
  id: 'not-sent-in-time',
  fate: 'failed',
  loss: true,
  text: 'not sent before the drain timeout',
};

/** Sends packets to a topic. */
export class TopicSink implements Sink {
  readonly #producer: BatchProducer;
  readonly #tally = new Tally();

  constructor(producer: BatchProducer) {
    this.#producer = producer;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const all = countOf(batch);
    this.#tally.take(all);
    try {
      // Once nobody waits any more, all that is not delivered fails: also what could still be queued.
      const taken = giveUp.aborted ? 0 : await this.#producer.send(batch, giveUp);
      this.#tally.settle(NOT_SENT, countOf(packetsAfter(batch, taken)));
    } catch (error) {
      this.#tally.giveBack(all);
      throw error;
    }
  }

  /** Waits as long as librdkafka tries (message.timeout.ms), unless nobody does any more. */
  async flush(giveUp: AbortSignal): Promise<void> {
    const left = await this.#producer.drain(() => !giveUp.aborted);
    if (left > 0) await this.#producer.purge();
    if (this.#producer.failure) throw this.#producer.failure;
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#producer.onFailure(() => {
      listener(this.#producer.failure);
    });
  }

  account(): Account {
    return withDeliveries(this.#tally.account(), this.#producer.counters());
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
