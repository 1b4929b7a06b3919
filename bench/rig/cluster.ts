import { randomUUID } from 'node:crypto';

import kafka, { type Metadata, type WatermarkOffsets } from 'node-rdkafka';

import { clientSettings, settled } from '#support/peer.js';
import { runCommand } from '#support/run-command.js';
import { waitFor } from '#support/wait-for.js';
import type { Scope } from './scope.js';

const LIMIT_MS = 20_000;
const POLL_MS = 50;

export interface TopicOptions {
  readonly partitions: number;
  /** Topic properties, such as retention.bytes. */
  readonly config?: Readonly<Record<string, string>>;
}

/** The Kafka cluster that everything goes through: its topics, and how much is in them. */
export class Cluster {
  readonly brokers: string;
  readonly #client: kafka.Producer;
  readonly #admin: kafka.IAdminClient;

  private constructor(brokers: string, client: kafka.Producer) {
    this.brokers = brokers;
    this.#client = client;
    this.#admin = kafka.AdminClient.create(clientSettings(brokers));
  }

  static async connect(brokers: string, scope: Scope): Promise<Cluster> {
    const client = new kafka.Producer(clientSettings(brokers));
    await settled((done) => client.connect({ timeout: LIMIT_MS }, done));
    const cluster = new Cluster(brokers, client);
    scope.after(async () => {
      cluster.#admin.disconnect();
      await settled((done) => client.disconnect(done));
    });
    return cluster;
  }

  /** A topic of one's own, empty, with a leader for each partition; removed when the scope ends. */
  async freshTopic(scope: Scope, { partitions, config = {} }: TopicOptions): Promise<Topic> {
    const name = `kcap-bench-${randomUUID()}`;
    await settled((done) => {
      const topic = { topic: name, num_partitions: partitions, replication_factor: 1 };
      this.#admin.createTopic({ ...topic, config: { ...config } }, LIMIT_MS, done);
    });
    scope.after(() =>
      settled((done) => {
        this.#admin.deleteTopic(name, LIMIT_MS, done);
      }),
    );
    await waitFor(async () => (await this.#countLeaders(name)) === partitions, {
      limitMs: LIMIT_MS,
      what: `leaders of ${name}`,
    });
    return new Topic(name, partitions, this.brokers, this.#client);
  }

  async #countLeaders(topic: string): Promise<number> {
    const { topics } = await settled<Metadata>((done) => {
      this.#client.getMetadata({ topic, timeout: LIMIT_MS }, done);
    });
    const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
    return partitions.filter(({ leader }) => leader >= 0).length;
  }
}

export class Topic {
  readonly name: string;
  readonly partitions: number;
  readonly #brokers: string;
  readonly #client: kafka.Producer;

  constructor(name: string, partitions: number, brokers: string, client: kafka.Producer) {
    this.name = name;
    this.partitions = partitions;
    this.#brokers = brokers;
    this.#client = client;
  }

  /** How many messages were ever stored in it: the sum of its high watermarks. */
  async arrived(): Promise<number> {
    const marks = await Promise.all(
      Array.from({ length: this.partitions }, (_, partition) =>
        settled<WatermarkOffsets>((done) => {
          this.#client.queryWatermarkOffsets(this.name, partition, LIMIT_MS, done);
        }),
      ),
    );
    return marks.reduce((sum, { highOffset }) => sum + highOffset, 0);
  }

  /** The sum of what packed messages say how many packets they hold. */
  async packedPackets(): Promise<number> {
    const all = ['-b', this.#brokers, '-t', this.name, '-C', '-q', '-e', '-o', 'beginning'];
    const headers = await runCommand('kcat', ...all, '-f', '%h\n');
    return [...headers.matchAll(/pcap-packed=(\d+)/g)].reduce(
      (sum, [, packets]) => sum + Number(packets),
      0,
    );
  }

  /** Waits until so many messages have arrived, or none has for a while; says how many have. */
  async settle(expected: number, quietMs: number, signal: AbortSignal): Promise<number> {
    let arrived = await this.arrived();
    let changed = performance.now();
    while (arrived < expected && performance.now() - changed < quietMs) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const now = await this.arrived();
      if (now !== arrived) changed = performance.now();
      arrived = now;
    }
    return arrived;
  }
}
