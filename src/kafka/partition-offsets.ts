import type { KafkaConsumer, LibrdKafkaError, TopicPartitionOffset } from 'node-rdkafka';
import type { LogEntry } from './start-trouble.js';

/** Instead of a time: the first offset that is there, and the first that is not there yet (Kafka's ListOffsets). */
export const FIRST = -2;
export const NEXT = -1;

/** What passes by itself: a partition has just been made, or its leader has just changed. Numbers of Kafka's errors. */
const PASSES: ReadonlySet<number> = new Set([3, 5, 6, 8, 9, 13, 74, 75, 76, 78]);
const RETRY_AFTER_MS = 100;
/** librdkafka looks for the coordinator of the group also where nobody joins it; no answer hangs on that. */
const OF_COORDINATOR = /^\[thrd:GroupCoordinator\]/;

/** Asks for offsets in a topic: one request to each leader, however many partitions there are. */
export class PartitionOffsets {
  readonly #consumer: KafkaConsumer;
  readonly #deadline: number;

  private constructor(consumer: KafkaConsumer, deadline: number) {
    this.#consumer = consumer;
    this.#deadline = deadline;
  }

  /**
   * @param deadline when all questions must have been answered, in ms as performance.now() gives it
   * @param note hears librdkafka's log, which alone says why a broker gives no answer
   */
  static async connect(
    settings: Readonly<Record<string, string>>,
    { deadline, note }: { deadline: number; note: (entry: LogEntry) => void },
  ): Promise<PartitionOffsets> {
    const { default: rdkafka } = await import('node-rdkafka');
    // Of node-rdkafka's clients only a consumer can ask for offsets at a time.
    const consumer = new rdkafka.KafkaConsumer(
      { ...settings, 'group.id': 'kcap', event_cb: true },
      {},
    );
    consumer.on('event.log', (entry: LogEntry) => {
      if (!OF_COORDINATOR.test(entry.message)) note(entry);
    });
    const offsets = new PartitionOffsets(consumer, deadline);
    try {
      await settled((done) => {
        consumer.connect({ timeout: offsets.#msLeft(), allTopics: true }, done);
      });
    } catch (error) {
      await offsets.close();
      throw error;
    }
    return offsets;
  }

  /**
   * The first offset of each partition whose message has this timestamp (ms since 1970) or a later one; or FIRST or
   * NEXT. Partitions without such a message are left out. Throws once the deadline is over: librdkafka's error, or which
   * partition has given no answer.
   */
  async at(
    topic: string,
    partitions: readonly number[],
    when: number,
  ): Promise<Map<number, number>> {
    const asked = partitions.map((partition) => ({ topic, partition, offset: when }));
    let unanswered: NoAnswer | undefined;
    for (;;) {
      try {
        const found = await settled<TopicPartitionOffset[]>((done) => {
          this.#consumer.offsetsForTimes(asked, this.#msLeft(), done);
        });
        const without = asked.find((_, index) => hasNoAnswer(found[index]));
        if (without) throw (unanswered = new NoAnswer(without.partition));
        return new Map(
          found
            .filter(({ offset }) => offset >= 0)
            .map(({ partition, offset }) => [partition, offset]),
        );
      } catch (error) {
        // The last of several questions had hardly any time.
        if (!passes(error) || this.#msLeft() <= RETRY_AFTER_MS) throw unanswered ?? error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
      }
    }
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#consumer.disconnect(resolve));
  }

  #msLeft(): number {
    return Math.max(Math.ceil(this.#deadline - performance.now()), 1);
  }
}

/** Of a partition without a leader, for example. */
class NoAnswer extends Error {
  constructor(partition: number) {
    super(`no broker answers for partition ${partition}`);
  }
}

/** node-rdkafka leaves the entry of a partition empty where there was an error with it. */
function hasNoAnswer(entry: Partial<TopicPartitionOffset> | undefined): boolean {
  return entry?.partition === undefined;
}

function passes(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'number' &&
    PASSES.has(error.code)
  );
}

/** One call of node-rdkafka's, which ends with (error, answer). */
function settled<Answer>(
  call: (done: (error: LibrdKafkaError | null, answer: Answer) => void) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error) reject(Object.assign(new Error(error.message), { code: error.code }));
      else resolve(answer);
    });
  });
}
