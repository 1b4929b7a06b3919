import type { Logger } from 'pino';
import type { UserError } from '../errors/user-error.js';
import { BatchProducer } from '../kafka/batch-producer.js';
import { Cluster } from '../kafka/cluster.js';
import type { Properties } from '../kafka/properties.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import { framedMessage } from '../protocols/report/framed-message.js';

/** Bytes of answers that may wait for librdkafka, whose own queue is bounded as well. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Sends answers to a topic. Answering never waits. */
export class AnswerTopic {
  readonly #producer: BatchProducer;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isSending = false;

  private constructor(producer: BatchProducer) {
    this.#producer = producer;
  }

  /** Throws a UserError as Cluster.ask does where nothing can be sent to the topic. */
  static async open(topic: string, properties: Properties, log: Logger): Promise<AnswerTopic> {
    const facts = { role: 'producer', properties, topic } as const;
    const { partitions, roundTripMs } = await Cluster.ask(facts, log, async (cluster, found) => ({
      partitions: found.length,
      roundTripMs: await cluster.roundTripMs(),
    }));
    const producer = new BatchProducer(
      {
        properties: producerProperties(properties, { reports: true }),
        ...{ topic, timestamp: 'packet', mayFillQueue: true },
        ...pushSettings(properties, partitions),
        ...{ headers: [], namesInterface: false, reportEvery: 0 },
        // A host's answers stay in order.
        keysChoose: true,
        sends: 'messages',
      },
      log,
    );
    try {
      await producer.adaptToTopic(properties, roundTripMs);
      return new AnswerTopic(producer);
    } catch (error) {
      await producer.close();
      throw error;
    }
  }

  /** Why nothing can be sent any more; undefined while it can. */
  get failure(): UserError | undefined {
    return this.#producer.failure;
  }

  /** False where there is no room for it: then it is lost. */
  send(key: string, value: string): boolean {
    const framed = framedMessage({ key, value, timestampMs: Date.now() });
    if (this.#waitingBytes + framed.length > MAX_WAITING_BYTES) return false;
    this.#waiting.push(framed);
    this.#waitingBytes += framed.length;
    if (!this.#isSending) void this.#sendAll();
    return true;
  }

  /** Waits for what is under way, for so long at most, and ends. */
  async close(limitMs: number): Promise<void> {
    const until = performance.now() + limitMs;
    const goesOn = () => performance.now() < until && !this.failure;
    while (this.#waiting.length > 0 && goesOn()) await this.#producer.flush(10);
    if ((await this.#producer.drain(goesOn)) > 0) await this.#producer.purge();
    await this.#producer.close();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next; (next = this.#waiting[0]) !== undefined && !this.failure;) {
      // Zero while there is no room for it.
      if ((await this.#producer.offerMessages(next)) === 0) continue;
      this.#waiting.shift();
      this.#waitingBytes -= next.length;
    }
    this.#isSending = false;
  }
}
