import type { BatchProducer } from '../kafka/batch-producer.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { recordLength } from '../packet/record.js';
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
    for (let at = taken; at < batch.bytes.length; at += recordLength(batch.bytes, at))
      this.#unsent++;
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    let left = await this.#producer.flush(0);
    for (let waitedMs = 0; left > 0 && waitedMs < this.#drainTimeoutMs && !giveUp.aborted;) {
      const before = left;
      left = await this.#producer.flush(FLUSH_STEP_MS);
      waitedMs = left < before ? 0 : waitedMs + FLUSH_STEP_MS;
    }
    if (left > 0) await this.#producer.purge();
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
