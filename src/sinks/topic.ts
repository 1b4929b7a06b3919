import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import { Patience } from './patience.js';
import type { Sink, SinkCounters } from '../pipeline/contracts.js';

/** Sends packets to a topic. */
export class TopicSink implements Sink {
  readonly #producer: BatchProducer;
  readonly #drainTimeoutMs: number;
  #unsent = 0;

  /** @param drainTimeoutMs how long a flush waits while nothing at all is delivered */
  constructor(producer: BatchProducer, drainTimeoutMs: number) {
    this.#producer = producer;
    this.#drainTimeoutMs = drainTimeoutMs;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const taken = await this.#producer.send(batch, giveUp);
    this.#unsent += packetsAfter(batch, taken).count;
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    const patience = new Patience(this.#drainTimeoutMs, giveUp);
    const left = await this.#producer.drain((left) => patience.holds(left));
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
