import type { BatchProducer } from '../kafka/batch-producer.js';
import { packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import { Patience } from './patience.js';
import type { Sink, SinkCounters } from '../pipeline/contracts.js';

/** How long one wait for deliveries lasts before it is looked whether to go on. */
const FLUSH_STEP_MS = 200;

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
    let left = await this.#producer.flush(0);
    while (left > 0 && patience.holds(left)) left = await this.#producer.flush(FLUSH_STEP_MS);
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
