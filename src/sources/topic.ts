import type { BatchConsumer, ConsumedBatch } from '../kafka/batch-consumer.js';
import type { Origin, PacketBatch } from '../packet/packet-batch.js';
import type { Reach } from '../packet/reach.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, type Account, type Count } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';
import { TIME_OUT_OF_RANGE } from './time-out-of-range.js';

const NO_VALUE: Cause = {
  id: 'no-value',
  fate: 'skipped',
  loss: false,
  text: 'no value (a tombstone)',
};

const UNUSABLE: Cause = {
  id: 'unusable',
  fate: 'skipped',
  loss: true,
  text: 'no capture file, or a damaged one',
};

/** The packets of a topic. */
export class TopicSource implements Source {
  readonly name: string;
  readonly #consumer: BatchConsumer;
  readonly #tally = new Tally();
  #timesFromKafka = 0;
  #badHeaders = 0;
  #deleted = 0;
  #outsideSlack = 0;

  constructor(topic: string, consumer: BatchConsumer) {
    this.name = topic;
    this.#consumer = consumer;
  }

  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    const onStop = () => {
      this.#consumer.stop();
    };
    if (stop.aborted) onStop();
    stop.addEventListener('abort', onStop, { once: true });
    for (let batch; (batch = await this.#consumer.next()) !== null;) {
      // What is not handled stays in Kafka: nothing is lost by ending at once.
      if (stop.aborted) return;
      this.#count(batch.tally);
      this.#tally.give(countOf(batch.packets));
      yield batch.packets;
    }
  }

  acknowledge(origin: Origin): void {
    this.#consumer.acknowledge(origin.next);
  }

  account(): Account {
    return this.#tally.account({
      time_from_kafka: this.#timesFromKafka,
      bad_headers: this.#badHeaders,
      deleted_unread: this.#deleted,
      outside_slack: this.#outsideSlack,
    });
  }

  reach(): Reach {
    return this.#consumer.reach();
  }

  /** Ends where the topic has nothing more. */
  endHere(): void {
    this.#consumer.endHere();
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }

  #count(tally: ConsumedBatch['tally']): void {
    this.#skip(NO_VALUE, tally.nullValues);
    this.#skip(TIME_OUT_OF_RANGE, tally.timesOutOfRange);
    this.#skip(UNUSABLE, tally.unusable);
    this.#timesFromKafka += tally.timesFromKafka;
    this.#badHeaders += tally.badHeaders;
    this.#deleted += tally.deleted;
    this.#outsideSlack += tally.outsideSlack;
  }

  #skip(cause: Cause, messages: number): void {
    const count: Count = { packets: messages, bytes: 0 };
    this.#tally.take(count);
    this.#tally.settle(cause, count);
  }
}
