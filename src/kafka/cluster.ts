import type { Logger } from 'pino';
import type {
  LibrdKafkaError,
  Metadata,
  Producer,
  TopicPartitionOffset,
  WatermarkOffsets,
} from 'node-rdkafka';
import { UserError } from '../packet/user-error.js';
import { shownProperties, type Properties } from './properties.js';

/** Whole time that a start may take until the topic is found, in ms. */
const START_LIMIT_MS = 8_000;
/** Once no broker can be reached, how long it is tried again. */
const GRACE_MS = 1_000;
/** How long a topic that the brokers make on first use may take to appear. */
const AUTO_CREATION_MS = 3_000;
const POLL_MS = 20;

type Role = 'producer' | 'consumer';

/** node-rdkafka passes the text of librdkafka's error on, but not its code. */
const ALL_BROKERS_DOWN = 'all broker connections are down';

/** A line of librdkafka's log as node-rdkafka gives it; severities are syslog's. */
interface LogEntry {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
}
const SEVERITY_ERROR = 3;

/** Offsets of a partition: `low` is the first that is there, `high` the first that is not there yet. */
export interface Watermarks {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** The control plane: what there is on the cluster, asked through node-rdkafka. Packets never pass here. */
export class Cluster {
  readonly #client: Producer;
  readonly #properties: Readonly<Record<string, string>>;
  readonly #brokers: string;
  readonly #deadline = Date.now() + START_LIMIT_MS;
  readonly #log: Logger;
  #lastError: string | undefined;

  private constructor(client: Producer, properties: Properties, log: Logger) {
    this.#client = client;
    this.#properties = Object.fromEntries(properties);
    this.#brokers = brokersOf(properties);
    this.#log = log;
  }

  /**
   * Connects and asks for the topic's partitions; throws a UserError naming broker or topic within START_LIMIT_MS.
   * A cluster that makes topics on first use does so for a `producer`, never for a `consumer`.
   */
  static async connect(
    role: Role,
    properties: Properties,
    topic: string,
    log: Logger,
  ): Promise<{ cluster: Cluster; partitions: number[] }> {
    // Loaded here: the other commands need none of it.
    const { default: rdkafka } = await import('node-rdkafka');
    // A producer whatever the role: node-rdkafka's consumer tells no errors before it is connected.
    const client = new rdkafka.Producer({ ...Object.fromEntries(properties), event_cb: true });
    const cluster = new Cluster(client, properties, log);
    log.debug(
      { properties: shownProperties(properties) },
      `connecting to ${brokersOf(properties)}`,
    );
    const metadata = await cluster.#connect(role, topic);
    return { cluster, partitions: await cluster.#partitionsOf(topic, role, metadata) };
  }

  /** First and next offset of each partition. */
  async watermarks(topic: string, partitions: readonly number[]): Promise<Watermarks[]> {
    return Promise.all(
      partitions.map(async (partition) => {
        const offsets = await this.#ask<WatermarkOffsets>(
          `topic ${topic}, partition ${partition}`,
          (done) => {
            this.#client.queryWatermarkOffsets(topic, partition, START_LIMIT_MS, done);
          },
        );
        return { partition, low: offsets.lowOffset, high: offsets.highOffset };
      }),
    );
  }

  /**
   * The first offset of each partition whose message has this timestamp, in ms since 1970, or a later one. Partitions
   * without such a message are left out.
   */
  async offsetsForTime(
    topic: string,
    partitions: readonly number[],
    timeMs: number,
  ): Promise<Map<number, number>> {
    const { default: rdkafka } = await import('node-rdkafka');
    // Of node-rdkafka's clients only a consumer can ask for it.
    const consumer = new rdkafka.KafkaConsumer({ ...this.#properties, 'group.id': 'kcap' }, {});
    const what = `topic ${topic}, offsets at a time`;
    try {
      await this.#ask<unknown>(what, (done) => {
        consumer.connect({ timeout: START_LIMIT_MS, allTopics: true }, done);
      });
      const asked = partitions.map((partition) => ({ topic, partition, offset: timeMs }));
      const found = await this.#ask<TopicPartitionOffset[]>(what, (done) => {
        consumer.offsetsForTimes(asked, START_LIMIT_MS, done);
      });
      return new Map(
        found
          .filter(({ offset }) => offset >= 0)
          .map(({ partition, offset }) => [partition, offset]),
      );
    } finally {
      await new Promise((resolve) => consumer.disconnect(resolve));
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#client.disconnect(() => {
        resolve();
      });
    });
  }

  /** Connects, which answers the first question for the topic as well. */
  async #connect(role: Role, topic: string): Promise<Metadata> {
    const what = `connect to ${this.#brokers}`;
    const polling = setInterval(() => {
      // Errors come with polling; before there is a client, it throws.
      try {
        this.#client.poll();
      } catch {
        return;
      }
    }, POLL_MS);
    this.#client.on('event.log', (entry: LogEntry) => {
      this.#log.debug(`librdkafka: ${entry.fac}: ${entry.message}`);
      if (entry.severity <= SEVERITY_ERROR) this.#lastError = withoutThread(entry.message);
    });
    let grace: NodeJS.Timeout | undefined;
    const allDown = new Promise<never>((_resolve, reject) => {
      this.#client.on('event.error', (error) => {
        if (error.message !== ALL_BROKERS_DOWN) return;
        grace ??= setTimeout(() => {
          reject(this.#error(what, error));
        }, GRACE_MS);
      });
    });
    const connected = this.#ask<Metadata>(what, (done) => {
      this.#client.connect({ ...question(role, topic), timeout: START_LIMIT_MS }, done);
    });
    return Promise.race([connected, allDown]).finally(() => {
      clearInterval(polling);
      clearTimeout(grace);
    });
  }

  async #partitionsOf(topic: string, role: Role, first: Metadata): Promise<number[]> {
    const askedAt = Date.now();
    for (let metadata = first; ; metadata = await this.#metadata(role, topic)) {
      const found = metadata.topics.find(({ name }) => name === topic);
      if (found && found.partitions.length > 0) return found.partitions.map(({ id }) => id);
      if (role === 'consumer' || Date.now() - askedAt > AUTO_CREATION_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new UserError(`topic ${topic}`, `it does not exist on ${this.#brokers}`, {
      remedy: `create it, for example: kafka-topics.sh --bootstrap-server ${this.#brokers} --create --topic ${topic}`,
    });
  }

  async #metadata(role: Role, topic: string): Promise<Metadata> {
    const timeout = Math.max(this.#deadline - Date.now(), 1);
    return this.#ask<Metadata>(`topic ${topic}`, (done) => {
      this.#client.getMetadata({ ...question(role, topic), timeout }, done);
    });
  }

  /** One call of node-rdkafka's, which ends with (error, answer). */
  async #ask<Answer>(
    what: string,
    call: (done: (error: LibrdKafkaError | null, answer: Answer) => void) => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      call((error, answer) => {
        if (error) reject(this.#error(what, error));
        else resolve(answer);
      });
    });
  }

  /** librdkafka's last word on a connection says more than "timed out". */
  #error(what: string, error: LibrdKafkaError): UserError {
    const cause = this.#lastError ?? error.message;
    return new UserError(what, cause, {
      remedy:
        'check the address given with -k, that the broker runs there, and its security settings (-X)',
    });
  }
}

/** To ask for a topic makes it, where the cluster is set so; to ask for all does not. */
function question(role: Role, topic: string): { topic: string } | { allTopics: true } {
  return role === 'producer' ? { topic } : { allTopics: true };
}

function brokersOf(properties: Properties): string {
  return properties.get('bootstrap.servers') ?? properties.get('metadata.broker.list') ?? '';
}

/** librdkafka's log says `[thrd:NAME]: BROKER/ID: what happened (after N ms in state …)`. */
function withoutThread(message: string): string {
  return message.replace(/^\[thrd:[^\]]*\]: /, '').replace(/ \(after \d+ms in state.*\)$/, '');
}
