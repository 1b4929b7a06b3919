import type { Logger } from 'pino';
import type {
  LibrdKafkaError,
  Metadata,
  Producer,
  TopicPartitionOffset,
  WatermarkOffsets,
} from 'node-rdkafka';
import { messageOf, usageError, UserError } from '../errors/user-error.js';
import { certificateProblem } from './broker-certificate.js';
import { requireFeatures } from './build-features.js';
import { grant, problemOf, type ClientFacts, type Problem } from './connection-problem.js';
import { isSilenceOfKdc, takeTicket } from './kerberos-login.js';
import { hideSecrets, shownProperties, type Properties } from './properties.js';
import { brokersOf, securityOf } from './security.js';
import { controlProperties } from './settings.js';

/** Whole time that a start may take until the topic is found, in ms. */
const START_LIMIT_MS = 8_000;
/** Once no broker can be reached, how long it is tried again. */
const GRACE_MS = 1_000;
/** How long a topic that the brokers make on first use may take to appear. */
const AUTO_CREATION_MS = 3_000;
const POLL_MS = 20;

/** node-rdkafka passes the text of librdkafka's error on, but not its code. */
const ALL_BROKERS_DOWN = 'all broker connections are down';
/** What says only that nobody answered: librdkafka's log says why. */
const SAYS_LITTLE =
  /broker connections are down|transport failure|timed out|authentication failure/i;
/** What Kerberos says where the KDC is missed. */
const NO_TICKET = /credentials|ticket|KDC/i;
const LOOK_AT_ALL =
  'check the address given with -k, that the broker runs there, and its security settings (-X)';

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
  readonly #facts: ClientFacts;
  readonly #brokers: string;
  readonly #deadline: number;
  readonly #noTicket: UserError | undefined;
  readonly #log: Logger;
  #lastError: string | undefined;
  #lastDisconnect: string | undefined;

  private constructor(
    client: Producer,
    facts: ClientFacts,
    { deadline, noTicket, log }: { deadline: number; noTicket: UserError | undefined; log: Logger },
  ) {
    this.#client = client;
    this.#facts = facts;
    this.#brokers = brokersOf(facts.properties);
    this.#deadline = deadline;
    this.#noTicket = noTicket;
    this.#log = log;
  }

  /**
   * Connects as the user's properties say and asks for the topic's partitions; throws a UserError naming broker or topic within START_LIMIT_MS.
   * A cluster that makes topics on first use does so for a `producer`, never for a `consumer`.
   */
  static async connect(
    facts: ClientFacts,
    log: Logger,
  ): Promise<{ cluster: Cluster; partitions: number[] }> {
    const deadline = Date.now() + START_LIMIT_MS;
    const { properties } = facts;
    requireFeatures(properties);
    requireTokenSource(properties);
    log.debug(
      { properties: shownProperties(properties) },
      `connecting to ${brokersOf(properties)}`,
    );
    const noTicket = await takeTicket(facts);
    if (noTicket && !isSilenceOfKdc(noTicket)) throw noTicket;
    if (noTicket) log.warn(`${noTicket.message}; trying with the ticket that there may be`);
    // Loaded here: the other commands need none of it.
    const { default: rdkafka } = await import('node-rdkafka');
    // A producer whatever the role: node-rdkafka's consumer tells no errors before it is connected.
    const settings = Object.fromEntries(controlProperties(properties));
    const client = new rdkafka.Producer({ ...settings, event_cb: true });
    const cluster = new Cluster(client, facts, { deadline, noTicket, log });
    const metadata = await cluster.#connect();
    return { cluster, partitions: await cluster.#partitions(metadata) };
  }

  /** First and next offset of each partition. */
  async watermarks(partitions: readonly number[]): Promise<Watermarks[]> {
    const { topic } = this.#facts;
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
    partitions: readonly number[],
    timeMs: number,
  ): Promise<Map<number, number>> {
    const { default: rdkafka } = await import('node-rdkafka');
    const { topic, properties } = this.#facts;
    // Of node-rdkafka's clients only a consumer can ask for it.
    const settings = { ...Object.fromEntries(controlProperties(properties)), 'group.id': 'kcap' };
    const consumer = new rdkafka.KafkaConsumer(settings, {});
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

  /** How long a question to the brokers and its answer take, in ms: the quicker one of two. */
  async roundTripMs(): Promise<number> {
    const once = async () => {
      const askedAt = performance.now();
      await this.#metadata();
      return performance.now() - askedAt;
    };
    return Math.min(await once(), await once());
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#client.disconnect(() => {
        resolve();
      });
    });
  }

  /** Connects, which answers the first question for the topic as well. */
  async #connect(): Promise<Metadata> {
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
      this.#note(entry);
    });
    let giveUp: (error: UserError) => void = () => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => (giveUp = reject));
    let grace: NodeJS.Timeout | undefined;
    this.#client.on('event.error', ({ message }) => {
      if (message !== ALL_BROKERS_DOWN) return;
      grace ??= setTimeout(() => {
        void this.#failure(what, message).then(giveUp);
      }, GRACE_MS);
    });
    const connected = this.#ask<Metadata>(what, (done) => {
      this.#client.connect({ ...this.#question(), timeout: this.#msLeft() }, done);
    });
    // node-rdkafka itself waits for threads, which may wait for a KDC.
    const late = setTimeout(() => {
      void this.#failure(what, 'timed out').then(giveUp);
    }, this.#msLeft());
    return Promise.race([connected, givenUp]).finally(() => {
      clearInterval(polling);
      clearTimeout(grace);
      clearTimeout(late);
    });
  }

  #note({ fac, severity, message }: LogEntry): void {
    const text = hideSecrets(message, this.#facts.properties);
    this.#log.debug(`librdkafka: ${fac}: ${text}`);
    // `[thrd:NAME]: BROKER/ID: what happened (after N ms in state …)`
    const said = text.replace(/^\[thrd:[^\]]*\]: /, '');
    if (severity <= SEVERITY_ERROR) this.#lastError = said;
    else if (fac === 'FAIL') this.#lastDisconnect = said;
  }

  async #partitions(first: Metadata): Promise<number[]> {
    const { topic, role, properties } = this.#facts;
    const askedAt = Date.now();
    for (let metadata = first; ; metadata = await this.#metadata()) {
      const found = metadata.topics.find(({ name }) => name === topic);
      if (found && found.partitions.length > 0) return found.partitions.map(({ id }) => id);
      if (role === 'consumer' || Date.now() - askedAt > AUTO_CREATION_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const create = `create it, for example: kafka-topics.sh --bootstrap-server ${this.#brokers} --create --topic ${topic}`;
    const { tls, mechanism } = securityOf(properties);
    throw tls || mechanism !== undefined
      ? new UserError(
          `topic ${topic}`,
          `it does not exist on ${this.#brokers}, or may not be seen`,
          {
            remedy: `${create}; or let the user see it: ${grant(this.#facts)}`,
          },
        )
      : new UserError(`topic ${topic}`, `it does not exist on ${this.#brokers}`, {
          remedy: create,
        });
  }

  async #metadata(): Promise<Metadata> {
    return this.#ask<Metadata>(`topic ${this.#facts.topic}`, (done) => {
      this.#client.getMetadata({ ...this.#question(), timeout: this.#msLeft() }, done);
    });
  }

  /** To ask for a topic makes it, where the cluster is set so; to ask for all does not. */
  #question(): { topic: string } | { allTopics: true } {
    const { role, topic } = this.#facts;
    return role === 'producer' ? { topic } : { allTopics: true };
  }

  #msLeft(): number {
    return Math.max(this.#deadline - Date.now(), 1);
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
      throw await this.#failure(what, messageOf(error));
    }
  }

  async #failure(what: string, message: string): Promise<UserError> {
    const { properties } = this.#facts;
    const text = hideSecrets(message, properties);
    // librdkafka's last word on a connection says more than "timed out".
    const known = this.#lastError ?? this.#lastDisconnect;
    const said = SAYS_LITTLE.test(text) ? (known ?? this.#silence(text)) : text;
    if (this.#noTicket && NO_TICKET.test(said)) return this.#noTicket;
    const { cause, remedy } = await this.#problem(said);
    return new UserError(what, withoutAddress(cause, this.#brokers), {
      remedy: remedy ?? LOOK_AT_ALL,
    });
  }

  async #problem(said: string): Promise<Problem> {
    const address = /certificate verify failed/.test(said) ? addressIn(said) : undefined;
    const certificate =
      address === undefined ? undefined : await certificateProblem(address, this.#facts.properties);
    return certificate ?? problemOf(said, this.#facts);
  }

  /** What it means that nothing at all was heard. */
  #silence(text: string): string {
    return securityOf(this.#facts.properties).mechanism === 'GSSAPI'
      ? `${text}: no answer from the broker, or from the KDC`
      : text;
  }
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

/** librdkafka's `PROTOCOL://HOST:PORT/ID: what happened`. */
const BROKER = /^(?:\w+:\/\/)?([^/ ]+:\d+)\/\w+: /;

function addressIn(text: string): string | undefined {
  return BROKER.exec(text)?.[1];
}

/** The address is said once. */
function withoutAddress(text: string, brokers: string): string {
  return text.replace(BROKER, (_, address: string) => (address === brokers ? '' : `${address}: `));
}
