import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import kafka, {
  type LibrdKafkaError,
  type Message,
  type NewTopic,
  type TopicPartitionOffset,
  type WatermarkOffsets,
} from 'node-rdkafka';

import { clientSettings, fetchMetadata, settled, withClient } from './peer.js';
import { KAFKA_JAVA } from './kafka-java.js';
import { runCommand } from './run-command.js';
import { testBrokers } from './test-brokers.js';
import { waitFor } from './wait-for.js';

const LIMIT_MS = 20_000;

/** A message to send. What is not given is what a Kafka client would leave out. */
export interface TestMessage {
  readonly key?: Buffer | string | null;
  /** null is a tombstone; a Buffer of no bytes is an empty value, which is another thing. */
  readonly value: Buffer | null;
  /** CreateTime in milliseconds since 1970; now where it is not given. 0 means now too, says librdkafka. */
  readonly timestamp?: number;
  /** In the order sent; a name may come twice. Values are text, since node-rdkafka spoils other bytes. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly partition?: number;
}

/** A message as it is in the topic. */
export interface StoredMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
  readonly partition: number;
  readonly offset: number;
}

/** A topic of the test's own, empty, with a leader for each partition; removed when the test ends. */
export async function freshTopic(
  t: TestContext,
  {
    topic = `kcap-test-${randomUUID()}`,
    partitions = 1,
    replicas = 1,
    config = {},
  }: {
    /** A name that is free, or free again. */
    readonly topic?: string;
    readonly partitions?: number;
    /** Brokers that keep each partition. */
    readonly replicas?: number;
    readonly config?: NonNullable<NewTopic['config']>;
  } = {},
): Promise<string> {
  t.after(() => deleteTopic(topic));
  const newTopic = { topic, num_partitions: partitions, replication_factor: replicas, config };
  await administer((admin, done) => {
    admin.createTopic(newTopic, LIMIT_MS, done);
  });
  await waitFor(async () => (await countLeaders(topic)) === partitions, {
    limitMs: LIMIT_MS,
    what: `leaders of ${topic}`,
  });
  return topic;
}

/** Deletes the topic, where it is still there. */
export async function deleteTopic(topic: string): Promise<void> {
  await administer((admin, done) => {
    admin.deleteTopic(topic, LIMIT_MS, (error: LibrdKafkaError | undefined) => {
      done(error?.code === kafka.CODES.ERRORS.ERR_UNKNOWN_TOPIC_OR_PART ? null : error);
    });
  });
}

/** Deletes the topic and creates another one of its name, with one partition, as soon as that can be done. */
export async function remakeTopic(topic: string): Promise<void> {
  await deleteTopic(topic);
  const newTopic = { topic, num_partitions: 1, replication_factor: 1 };
  const create = () =>
    administer((admin, done) => {
      admin.createTopic(newTopic, LIMIT_MS, done);
    }).then(
      () => true,
      () => false,
    );
  await waitFor(create, { limitMs: LIMIT_MS, what: `${topic} to be created again` });
  await waitFor(async () => (await countLeaders(topic)) === 1, {
    limitMs: LIMIT_MS,
    what: `a leader of ${topic}`,
  });
}

/** Adds partitions to the topic, until it has so many. */
export async function growTopic(topic: string, partitions: number): Promise<void> {
  await administer((admin, done) => {
    admin.createPartitions(topic, partitions, LIMIT_MS, done);
  });
  await waitFor(async () => (await countLeaders(topic)) === partitions, {
    limitMs: LIMIT_MS,
    what: `leaders of ${topic}`,
  });
}

/** Deletes the messages of partition 0 before this offset, as retention does, by Kafka's own program. */
export async function deleteMessages(topic: string, before: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-delete-'));
  const file = path.join(folder, 'offsets.json');
  try {
    const partitions = [{ topic, partition: 0, offset: before }];
    await writeFile(file, JSON.stringify({ version: 1, partitions }));
    await runCommand(
      ...KAFKA_JAVA,
      ...['org.apache.kafka.tools.DeleteRecordsCommand', '--bootstrap-server', testBrokers()],
      ...['--offset-json-file', file],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Changes a setting of the topic, by Kafka's own program. */
export async function alterTopic(topic: string, name: string, value: string): Promise<void> {
  await runCommand(
    ...KAFKA_JAVA,
    ...['kafka.admin.ConfigCommand', '--bootstrap-server', testBrokers(), '--alter'],
    ...['--entity-type', 'topics', '--entity-name', topic, '--add-config', `${name}=${value}`],
  );
}

async function administer(
  use: (
    admin: kafka.IAdminClient,
    done: (error: LibrdKafkaError | null | undefined) => void,
  ) => void,
): Promise<void> {
  const admin = kafka.AdminClient.create(clientSettings());
  try {
    await settled((done) => {
      use(admin, done);
    });
  } finally {
    admin.disconnect();
  }
}

async function countLeaders(topic: string): Promise<number> {
  const { topics } = await fetchMetadata();
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
  return partitions.filter(({ leader }) => leader >= 0).length;
}

/** Sends the messages, in order, and returns when the broker has acknowledged them all. */
export async function sendMessages(topic: string, messages: readonly TestMessage[]): Promise<void> {
  // One request at a time keeps the order, and is quicker to begin with than idempotence.
  const settings = { ...clientSettings(), dr_cb: true, 'max.in.flight': 1 };
  await withClient(new kafka.Producer(settings), async (producer) => {
    let acknowledged = 0;
    let failure: Error | undefined;
    producer.on('delivery-report', (error: LibrdKafkaError | null) => {
      if (error) failure ??= new Error(`Not delivered: ${error.message}`);
      else acknowledged++;
    });
    producer.setPollInterval(10);
    for (const message of messages) produce(producer, topic, message);
    await waitFor(
      () => {
        if (failure) throw failure;
        return acknowledged === messages.length;
      },
      { limitMs: LIMIT_MS, what: `the delivery of ${messages.length} messages to ${topic}` },
    );
  });
}

/** Sends the messages in a transaction, whose end takes an offset as well. */
export async function sendInTransaction(
  topic: string,
  messages: readonly TestMessage[],
): Promise<void> {
  const settings = { ...clientSettings(), 'transactional.id': randomUUID() };
  await withClient(new kafka.Producer(settings), async (producer) => {
    await settled((done) => {
      producer.initTransactions(LIMIT_MS, done);
    });
    await settled((done) => {
      producer.beginTransaction(done);
    });
    for (const message of messages) produce(producer, topic, message);
    await settled((done) => {
      producer.commitTransaction(LIMIT_MS, done);
    });
  });
}

function produce(producer: kafka.Producer, topic: string, message: TestMessage): void {
  const headers = message.headers?.map(([name, value]) => ({ [name]: value }));
  producer.produce(
    topic,
    message.partition,
    notTakenForNull(message.value),
    notTakenForNull(message.key),
    message.timestamp,
    undefined,
    headers,
  );
}

/** node-rdkafka sends an empty Buffer as null, unless it is a part of one that is not empty. */
function notTakenForNull<T>(bytes: T): T | Buffer {
  return Buffer.isBuffer(bytes) && bytes.length === 0 ? Buffer.alloc(1).subarray(0, 0) : bytes;
}

/**
 * Reads all that is in the topic now: partition after partition, each in the order of its offsets. A topic with
 * more than some thousand messages is better counted with `endOffsets`.
 */
export async function readMessages(topic: string): Promise<StoredMessage[]> {
  const settings = {
    ...clientSettings(),
    // Required by librdkafka, used by nothing: no group is joined and no offset committed.
    'group.id': 'kcap-test-peer',
    'enable.auto.commit': false,
    'enable.partition.eof': true,
    // Reading to the end, the client would wait there for half a second.
    'fetch.wait.max.ms': 10,
  };
  const consumer = new kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' });
  return withClient(consumer, async (consumer) => {
    const messages: StoredMessage[] = [];
    const partitions = await partitionsOf(topic);
    const unread = new Set(partitions);
    consumer.on('partition.eof', ({ partition }) => unread.delete(partition));
    consumer.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })));
    // Asked for in turns: node-rdkafka's flowing mode takes half a second to begin and as long to end.
    consumer.setDefaultConsumeTimeout(10);
    await waitFor(
      async () => {
        const some = await settled<Message[]>((done) => {
          consumer.consume(10_000, done);
        });
        messages.push(...some.map(storedMessage));
        return unread.size === 0;
      },
      { limitMs: LIMIT_MS, what: `the end of ${topic}` },
    );
    return messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  });
}

function storedMessage(message: Message): StoredMessage {
  const { key, value, timestamp, headers = [], partition, offset } = message;
  if (typeof key === 'string' || timestamp === undefined) {
    throw new TypeError('node-rdkafka gives keys as bytes and always a timestamp');
  }
  return {
    key: key ?? null,
    value,
    timestamp,
    headers: headers.flatMap((header) =>
      Object.entries(header).map(([name, bytes]) => [name, Buffer.from(bytes)] as const),
    ),
    partition,
    offset,
  };
}

/** Low and high watermark of each partition of the topic, in the order of the partitions. */
export async function watermarks(topic: string): Promise<WatermarkOffsets[]> {
  return withClient(new kafka.Producer(clientSettings()), async (client) =>
    Promise.all(
      (await partitionsOf(topic)).map((partition) =>
        settled<WatermarkOffsets>((done) => {
          client.queryWatermarkOffsets(topic, partition, LIMIT_MS, done);
        }),
      ),
    ),
  );
}

/** The number of messages in the topic, by its watermarks: quick for any number. */
export async function countMessages(topic: string): Promise<number> {
  const offsets = await watermarks(topic);
  return offsets.reduce((sum, { lowOffset, highOffset }) => sum + highOffset - lowOffset, 0);
}

/** What the group has committed for each partition of the topic; undefined where it has committed nothing. */
export async function committedOffsets(
  topic: string,
  group: string,
): Promise<(number | undefined)[]> {
  const settings = { ...clientSettings(), 'group.id': group, 'enable.auto.commit': false };
  return withClient(new kafka.KafkaConsumer(settings, {}), async (consumer) => {
    const asked = (await partitionsOf(topic)).map((partition) => ({ topic, partition }));
    const committed = await settled<Partial<TopicPartitionOffset>[]>((done) => {
      consumer.committed(asked, LIMIT_MS, done);
    });
    return committed.map(({ offset }) => offset);
  });
}

async function partitionsOf(topic: string): Promise<number[]> {
  const { topics } = await fetchMetadata();
  const found = topics.find(({ name }) => name === topic);
  if (!found) throw new Error(`There is no topic ${topic}`);
  return found.partitions.map(({ id }) => id).sort((a, b) => a - b);
}
