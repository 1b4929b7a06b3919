import type { BatchConsumer, ConsumedBatch } from '../kafka/batch-consumer.js';
import type { Origin, PacketBatch } from '../packet/packet-batch.js';
import { NOTHING_COUNTED, type Source, type SourceCounters } from '../pipeline/contracts.js';

/** The packets of a topic. */
export class TopicSource implements Source {
  readonly name: string;
  readonly #consumer: BatchConsumer;
  #nullValues = 0;
  #timesOutOfRange = 0;
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
      yield batch.packets;
    }
  }

  acknowledge(origin: Origin): void {
    this.#consumer.acknowledge(origin.next);
  }

  counters(): SourceCounters {
    return {
      ...NOTHING_COUNTED,
      skipped: { 'no value (a tombstone)': this.#nullValues },
      unusable: { 'a time that no pcap file can hold': this.#timesOutOfRange },
      timeFromKafka: this.#timesFromKafka,
      badHeaders: this.#badHeaders,
      deletedUnread: this.#deleted,
      ...(this.#outsideSlack > 0 && { outsideSlack: this.#outsideSlack }),
    };
  }

  /** Ends where the topic has nothing more. */
  endHere(): void {
    this.#consumer.endHere();
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }

  #count(tally: ConsumedBatch['tally']): void {
    this.#nullValues += tally.nullValues;
    this.#timesOutOfRange += tally.timesOutOfRange;
    this.#timesFromKafka += tally.timesFromKafka;
    this.#badHeaders += tally.badHeaders;
    this.#deleted += tally.deleted;
    this.#outsideSlack += tally.outsideSlack;
  }
}
