import type { Logger } from 'pino';
import type { LibrdKafkaError, Metadata, Producer } from 'node-rdkafka';
import { messageOf, usageError, UserError } from '../errors/user-error.js';
import { requireFeatures } from './build-features.js';
import type { ClientFacts } from './client-facts.js';
import { requireThreads } from './client-threads.js';
import { isSilenceOfKdc, takeTicket } from './kerberos-login.js';
import { FIRST, NEXT, PartitionOffsets } from './partition-offsets.js';
import type { Properties } from './properties.js';
import { shownProperties } from './secrets.js';
import { brokersOf, securityOf } from './security.js';
import { controlProperties } from './settings.js';
import { StartTrouble, type LogEntry } from './start-trouble.js';
import { askForTopic, partitionsOf } from './topic-lookup.js';

/** Whole time that a start may take until the topic is found, in ms. */
const START_LIMIT_MS = 8_000;
/** Once no broker can be reached, how long it is tried again. */
const GRACE_MS = 1_000;
const POLL_MS = 20;

/** node-rdkafka passes the text of librdkafka's error on, but not its code. */
const ALL_BROKERS_DOWN = 'all broker connections are down';

/** Offsets of a partition: `low` is the first that is there, `high` the first that is not there yet. */
export interface Watermarks {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** What metadata are asked for. */
type Question = { readonly topic: string } | { readonly allTopics: true };

/** The control plane: what is on the cluster, asked through node-rdkafka. Packets never pass here. */
export class Cluster {
  readonly #client: Producer;
  readonly #facts: ClientFacts;
  readonly #deadline: number;
  readonly #trouble: StartTrouble;
  #connecting: Promise<unknown> = Promise.resolve();
  #partitionOffsets: PartitionOffsets | undefined;
  #leaders: ReadonlyMap<number, number | undefined> = new Map();

  private constructor(
    client: Producer,
    facts: ClientFacts,
    { deadline, trouble }: { deadline: number; trouble: StartTrouble },
  ) {
    this.#client = client;
    this.#facts = facts;
    this.#deadline = deadline;
    this.#trouble = trouble;
  }

  /**
   * Connects as the user's properties say and asks for the topic's partitions; throws a UserError naming broker or topic within START_LIMIT_MS.
   * A cluster that makes topics on first use does so for a `producer`, never for a `consumer`.
   */
  static async connect(
    facts: ClientFacts,
    log: Logger,
  ): Promise<{ cluster: Cluster; partitions: number[] }> {
    const { cluster, metadata } = await Cluster.#open(facts, log);
    try {
      const partitions = await partitionsOf(facts, metadata, {
        metadata: () => cluster.#metadata(),
        topicNames: async () => namesOf(await cluster.#metadata({ allTopics: true })),
        topicError: () => askForTopic(facts),
        msLeft: () => cluster.#msLeft(),
      });
      return { cluster, partitions };
    } catch (error) {
      // A caller that goes on without it does not wait for its threads.
      void cluster.close();
      throw error;
    }
  }

  /** The topics that the user may see, but for Kafka's own; throws as `connect` does. */
  static async topicNames(properties: Properties, log: Logger): Promise<string[]> {
    const facts = { role: 'consumer', properties, topic: '' } as const;
    const { cluster, metadata } = await Cluster.#open(facts, log);
    await cluster.close();
    return namesOf(metadata);
  }

  static async #open(
    facts: ClientFacts,
    log: Logger,
  ): Promise<{ cluster: Cluster; metadata: Metadata }> {
    const deadline = performance.now() + START_LIMIT_MS;
    const { properties } = facts;
    requireFeatures(properties);
    requireTokenSource(properties);
    log.debug(
      { properties: shownProperties(properties) },
      `connecting to ${brokersOf(properties)}`,
    );
    const noTicket = await takeTicket(facts);
    if (noTicket && !isSilenceOfKdc(noTicket)) throw noTicket;
    if (noTicket) log.warn(`${noTicket.message}; trying with any existing ticket`);
    // Loaded here: the other commands need none of it.
    const { default: rdkafka } = await import('node-rdkafka');
    requireThreads(properties);
    // A producer whatever the role: node-rdkafka's consumer tells no errors before it is connected.
    const settings = Object.fromEntries(controlProperties(properties));
    const client = new rdkafka.Producer({ ...settings, event_cb: true });
    const trouble = new StartTrouble(facts, noTicket, log);
    const cluster = new Cluster(client, facts, { deadline, trouble });
    try {
      return { cluster, metadata: await cluster.#connect() };
    } catch (error) {
      // A caller that goes on without it does not wait for its threads.
      void cluster.close();
      throw error;
    }
  }

  /** Connects, asks something about the topic's partitions, and disconnects, whatever comes of it. */
  static async ask<Answer>(
    facts: ClientFacts,
    log: Logger,
    question: (cluster: Cluster, partitions: readonly number[]) => Promise<Answer>,
  ): Promise<Answer> {
    const { cluster, partitions } = await Cluster.connect(facts, log);
    try {
      const answer = await question(cluster, partitions);
      // Gone before a capture begins: its connections are node-rdkafka's, and not left out.
      await cluster.close();
      return answer;
    } catch (error) {
      // A caller that goes on without it does not wait for its threads.
      void cluster.close();
      throw error;
    }
  }

  /** The broker that leads each partition, as it was last heard; undefined where there is none. */
  get leaders(): ReadonlyMap<number, number | undefined> {
    return this.#leaders;
  }

  /** First and next offset of each partition. */
  async watermarks(partitions: readonly number[]): Promise<Watermarks[]> {
    const low = await this.#offsets(partitions, FIRST);
    const high = await this.#offsets(partitions, NEXT);
    return partitions.map((partition) => ({
      partition,
      low: low.get(partition) ?? 0,
      high: high.get(partition) ?? 0,
    }));
  }

  /**
   * The first offset of each partition whose message has this timestamp, in ms since 1970, or a later one. Partitions
   * without such a message are left out.
   */
  async offsetsForTime(
    partitions: readonly number[],
    timeMs: number,
  ): Promise<Map<number, number>> {
    return this.#offsets(partitions, timeMs);
  }

  async #offsets(partitions: readonly number[], when: number): Promise<Map<number, number>> {
    const { topic, properties } = this.#facts;
    try {
      this.#partitionOffsets ??= await PartitionOffsets.connect(
        Object.fromEntries(controlProperties(properties)),
        {
          deadline: this.#deadline,
          note: (entry) => {
            this.#trouble.note(entry);
          },
        },
      );
      return await this.#partitionOffsets.at(topic, partitions, when);
    } catch (error) {
      const what = `topic ${topic}, its offsets`;
      const leaderless = [...this.#leaders].find(([, leader]) => leader === undefined)?.[0];
      if (leaderless === undefined) throw await this.#trouble.failure(what, messageOf(error));
      throw new UserError(what, `partition ${leaderless} has no leader`, {
        remedy: 'start a broker that has a replica of it, or wait until one is back',
        passes: 'later',
      });
    }
  }

  /** How long a question to the brokers and its answer take, in ms: the quicker one of two. */
  async roundTripMs(): Promise<number> {
    const once = async () => {
      const askedAt = performance.now();
      await this.#metadata();
      return performance.now() - askedAt;
    };
    return Math.min(await once(), await once());
  }

  /** Also where it never was connected, or still tries to be: then once it has ended trying. Does not throw. */
  async close(): Promise<void> {
    await this.#partitionOffsets?.close();
    if (!this.#client.isConnected()) await this.#connecting.catch(() => undefined);
    // Where it is not, node-rdkafka throws, and there is nothing to be given back.
    if (!this.#client.isConnected()) return;
    await new Promise<void>((resolve) => {
      this.#client.disconnect(() => {
        resolve();
      });
    });
  }

  /** Connects, which answers the first question for the topic as well. */
  async #connect(): Promise<Metadata> {
    const what = `connect to ${brokersOf(this.#facts.properties)}`;
    const polling = setInterval(() => {
      // Errors come with polling; before there is a client, it throws.
      try {
        this.#client.poll();
      } catch {
        return;
      }
    }, POLL_MS);
    this.#client.on('event.log', (entry: LogEntry) => {
      this.#trouble.note(entry);
    });
    let giveUp: (error: UserError) => void = () => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => (giveUp = reject));
    let grace: NodeJS.Timeout | undefined;
    this.#client.on('event.error', ({ message }) => {
      if (message !== ALL_BROKERS_DOWN) return;
      grace ??= setTimeout(() => {
        void this.#trouble.failure(what, message).then(giveUp);
      }, GRACE_MS);
    });
    const connected = this.#ask<Metadata>(what, (done) => {
      this.#client.connect({ ...this.#question(), timeout: this.#msLeft() }, done);
    });
    this.#connecting = connected;
    // node-rdkafka itself waits for threads, which may wait for a KDC.
    const late = setTimeout(() => {
      void this.#trouble.failure(what, 'timed out').then(giveUp);
    }, this.#msLeft());
    try {
      const metadata = await Promise.race([connected, givenUp]);
      this.#trouble.connected();
      return this.#seen(metadata);
    } finally {
      clearInterval(polling);
      clearTimeout(grace);
      clearTimeout(late);
    }
  }

  async #metadata(question: Question = this.#question()): Promise<Metadata> {
    const metadata = await this.#ask<Metadata>(`topic ${this.#facts.topic}`, (done) => {
      this.#client.getMetadata({ ...question, timeout: this.#msLeft() }, done);
    });
    return this.#seen(metadata);
  }

  #seen(metadata: Metadata): Metadata {
    const topic = metadata.topics.find(({ name }) => name === this.#facts.topic);
    this.#leaders = new Map(
      topic?.partitions.map(({ id, leader }) => [id, leader < 0 ? undefined : leader]),
    );
    return metadata;
  }

  /** To ask for a topic makes it, where the cluster is set so; to ask for all does not. */
  #question(): Question {
    const { role, topic } = this.#facts;
    return role === 'producer' ? { topic } : { allTopics: true };
  }

  #msLeft(): number {
    return Math.max(Math.ceil(this.#deadline - performance.now()), 1);
  }

  /** One call of node-rdkafka's, which ends with (error, answer). */
  async #ask<Answer>(
    what: string,
    call: (done: (error: LibrdKafkaError | null, answer: Answer) => void) => void,
  ): Promise<Answer> {
    try {
      return await new Promise((resolve, reject) => {
        call((error, answer) => {
          if (error) reject(new Error(error.message));
          else resolve(answer);
        });
      });
    } catch (error) {
      throw await this.#trouble.failure(what, messageOf(error));
    }
  }
}

/** The topics but for Kafka's own, in alphabetical order. */
function namesOf({ topics }: Metadata): string[] {
  return topics
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('__'))
    .sort();
}

/** Throws a usage error where librdkafka would wait in silence for somebody to bring it a token. */
function requireTokenSource(properties: Properties): void {
  if (securityOf(properties).mechanism !== 'OAUTHBEARER') return;
  const comesFromServer = properties.get('sasl.oauthbearer.method')?.toLowerCase() === 'oidc';
  const unsecured = properties.get('enable.sasl.oauthbearer.unsecure.jwt') ?? '';
  if (!comesFromServer && !/^(?:true|t|1)$/i.test(unsecured))
    throw usageError(
      '-X sasl.mechanism=OAUTHBEARER',
      'nothing says where tokens come from',
      'use -X sasl.oauthbearer.method=oidc with sasl.oauthbearer.token.endpoint.url, .client.id and .client.secret',
    );
}
