import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import type { Sink, SinkCounters } from '../pipeline/contracts.js';

/** Sends packets to a topic. */
export class TopicSink implements Sink {
  readonly #producer: BatchProducer;
  #unsent = 0;

  constructor(producer: BatchProducer) {
    this.#producer = producer;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    // Once nobody waits any more, all that is not delivered fails: also what could still be queued.
    const taken = giveUp.aborted ? 0 : await this.#producer.send(batch, giveUp);
    this.#unsent += packetsAfter(batch, taken).count;
  }

  /** Waits as long as librdkafka tries (message.timeout.ms), unless nobody does any more. */
  async flush(giveUp: AbortSignal): Promise<void> {
    const left = await this.#producer.drain(() => !giveUp.aborted);
    if (left > 0) await this.#producer.purge();
    if (this.#producer.failure) throw this.#producer.failure;
  }

  counters(): SinkCounters {
    const { delivered, deliveredBytes, failures } = this.#producer.counters();
    return {
      out: delivered,
      bytesOut: deliveredBytes,
      failed: { ...failures, 'not sent before the drain timeout': this.#unsent },
      unusable: {},
    };
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
