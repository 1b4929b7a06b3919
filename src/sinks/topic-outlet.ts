import type { Cause } from '../errors/cause.js';
import type { BatchProducer } from '../kafka/batch-producer.js';
import type { Tally } from '../pipeline/account.js';
import type { Chunk, Outlet } from './outlet.js';

const NOT_SENT: Cause = {
  id: 'not-sent-in-time',
  fate: 'failed',
  loss: true,
  text: 'not sent before the drain timeout',
};

/** Sends framed messages (framed_message.h) to a topic. They are out once the broker has acknowledged them. */
export class TopicOutlet implements Outlet {
  readonly #producer: BatchProducer;
  /** What the account has been told of. */
  #delivered = { packets: 0, bytes: 0 };
  readonly #failed = new Map<string, number>();

  constructor(producer: BatchProducer) {
    this.#producer = producer;
  }

  /** Resolves when librdkafka has copied them. */
  async send({ bytes, ends }: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void> {
    let taken = 0;
    while (taken < bytes.length && !giveUp.aborted && !this.#producer.failure)
      taken += await this.#producer.offerMessages(bytes.subarray(taken));
    const packets = ends.filter((end) => end > taken).length;
    tally.settle(NOT_SENT, { packets, bytes: 0 });
    if (this.#producer.failure) await this.flush(tally, giveUp);
  }

  settle(tally: Tally): void {
    const { delivered, deliveredBytes, failures } = this.#producer.counters();
    const { packets, bytes } = this.#delivered;
    tally.pass({ packets: delivered - packets, bytes: deliveredBytes - bytes });
    this.#delivered = { packets: delivered, bytes: deliveredBytes };
    for (const { cause, packets: failed } of failures) {
      tally.settle(cause, { packets: failed - (this.#failed.get(cause.id) ?? 0), bytes: 0 });
      this.#failed.set(cause.id, failed);
    }
  }

  async flush(tally: Tally, giveUp: AbortSignal): Promise<void> {
    const left = await this.#producer.drain(() => !giveUp.aborted && !this.#producer.failure);
    if (left > 0) await this.#producer.purge();
    this.settle(tally);
    if (this.#producer.failure) throw this.#producer.failure;
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
