import type { TestContext } from 'node:test';

import type { Logger } from 'pino';

import { messageOf } from '#kcap/errors/user-error.js';
import type { DeliveryFailure } from '#kcap/kafka/delivery-cause.js';
import {
  BatchConsumer,
  type ConsumedBatch,
  type ConsumerOptions,
  type PartitionRange,
} from '#kcap/kafka/batch-consumer.js';
import { BatchProducer, type ProducerOptions } from '#kcap/kafka/batch-producer.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { consumerProperties, producerProperties } from '#kcap/kafka/settings.js';
import {
  type Link,
  type PacketBatch,
  type PartitionOffset,
  positionAt,
} from '#kcap/packet/packet-batch.js';

import { packetsIn } from '../packet/packets.js';
import { keptLog } from './log.js';

/** For writes that nobody gives up. */
export const NEVER: AbortSignal = new AbortController().signal;

/** An idempotent producer asks for an id first, and a client that has just begun to connect does so after 500 ms. */
export const AT_ONCE = { 'enable.idempotence': 'false' };

/**
 * librdkafka's main thread spins until the session is over where a member of a group is closed and its coordinator is
 * gone. It is 45 s by default, and this is the least that a broker takes.
 */
const SHORT_SESSION = ['session.timeout.ms', '6000'] as const;

/** The in-memory broker looks once for what a fetch asks for, and again when this time is over. */
const QUICK_FETCH = ['fetch.wait.max.ms', '10'] as const;

/** Makes a topic of a broker that clients wait for already: whichever of them asks for it first makes it, too. */
export function makeTopic(broker: InMemoryBroker, name: string): void {
  try {
    broker.createTopic(name, 1);
  } catch (error) {
    if (!/already exists/.test(messageOf(error))) throw error;
  }
}

/** kcap's in-memory broker with one topic, and clients of it; all are closed when the test ends. */
export class InMemoryKafka {
  readonly topic = 'packets';
  readonly #broker: InMemoryBroker;
  readonly #clients: { close(): Promise<void> }[] = [];
  readonly #partitions: number;
  #isOver = false;

  constructor(t: TestContext, partitions = 1) {
    this.#broker = new InMemoryBroker(0);
    this.#broker.createTopic(this.topic, partitions);
    this.#partitions = partitions;
    t.after(async () => {
      await this.letGoOfClients();
      this.endBroker();
    });
  }

  get address(): string {
    return this.#broker.address;
  }

  /** Makes a topic of one partition beside its own. */
  createTopic(name: string): void {
    this.#broker.createTopic(name, 1);
  }

  /** The broker is gone, and does not come back. */
  endBroker(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#broker.close();
  }

  /** From now on the rigs of test/support talk to this broker. */
  lendToPeers(): void {
    process.env['KCAP_TEST_BROKERS'] = this.address;
  }

  producer({
    properties = {},
    ...options
  }: Partial<Omit<ProducerOptions, 'properties'>> & {
    readonly properties?: Readonly<Record<string, string>>;
  } = {}): BatchProducer {
    const user = { 'bootstrap.servers': this.address, 'linger.ms': '1', ...properties };
    const producer = new BatchProducer(
      {
        topic: this.topic,
        timestamp: 'packet',
        mayFillQueue: true,
        pushIntervalMs: 0,
        fullBytes: 0,
        headers: [],
        namesInterface: false,
        reportEvery: 0,
        ...options,
        properties: producerProperties(new Map(Object.entries(user))),
      },
      keptLog().log,
    );
    this.#clients.push(producer);
    return producer;
  }

  /** Reads each partition from its first offset to `end`; without one for ever. */
  consumer({
    end,
    group,
    log = keptLog().log,
    ...options
  }: Partial<ConsumerOptions> & {
    readonly end?: number | undefined;
    readonly group?: string;
    readonly log?: Logger;
  } = {}): BatchConsumer {
    const ranges = Array.from({ length: this.#partitions }, (_, partition): PartitionRange => ({
      partition,
      start: 0,
      end,
    }));
    const consumer = new BatchConsumer(
      {
        properties: consumerProperties(
          new Map([['bootstrap.servers', this.address], QUICK_FETCH, SHORT_SESSION]),
          {
            group,
            partitions: this.#partitions,
            tellsEnds: end !== undefined || options.inTimeOrder === true,
          },
        ),
        topic: this.topic,
        shared: group !== undefined,
        partitions: ranges,
        otherStart: 0,
        linkType: 1,
        keyUnit: 'us',
        values: 'frame',
        inTimeOrder: false,
        tellsNames: true,
        overridesCommitted: false,
        window: undefined,
        ...options,
      },
      log,
    );
    this.#clients.push(consumer);
    return consumer;
  }

  /** Closes the clients that there are, and holds none of them any more. */
  async letGoOfClients(): Promise<void> {
    for (const client of this.#clients.splice(0)) await client.close();
  }

  /** Sends the packets and returns when they are there. */
  async send(...batches: readonly PacketBatch[]): Promise<void> {
    const producer = this.producer({ properties: AT_ONCE });
    for (const batch of batches) await producer.send(batch, NEVER);
    const left = await producer.flush(10_000);
    const { failed } = producer.counters();
    if (left + failed > 0) throw new Error(`${left} packets on their way, ${failed} failed`);
  }
}

/** What a consumer gave in one batch, copied. */
export interface ReadBatch {
  readonly packets: ReturnType<typeof packetsIn>;
  readonly link: Link;
  readonly positions: readonly ReturnType<typeof positionAt>[];
  readonly next: readonly PartitionOffset[];
  readonly tally: ConsumedBatch['tally'];
}

/** All that a consumer gives until its ends. */
export async function readAll(consumer: BatchConsumer): Promise<ReadBatch[]> {
  const batches: ReadBatch[] = [];
  for (let batch; (batch = await consumer.next()) !== null;) {
    const { packets, tally } = batch;
    const { origin } = packets;
    if (!origin) throw new Error('A batch does not say where it comes from');
    batches.push({
      packets: packetsIn(packets.bytes),
      link: packets.link,
      positions: Array.from({ length: packets.count }, (_, index) => positionAt(origin, index)),
      next: origin.next,
      tally,
    });
  }
  return batches;
}

/** All packets that a consumer gives until its ends. */
export async function readPackets(consumer: BatchConsumer): Promise<ReadBatch['packets']> {
  return (await readAll(consumer)).flatMap(({ packets }) => packets);
}

/** Failures as numbers of packets by the ids of their causes. */
export function packetsById(failures: readonly DeliveryFailure[]): Record<string, number> {
  return Object.fromEntries(failures.map(({ cause, packets }) => [cause.id, packets]));
}
