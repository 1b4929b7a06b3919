import type { Logger } from 'pino';
import {
  BatchConsumer,
  OFFSET_BEGINNING,
  type ConsumedBatch,
  type KeyUnit,
  type PartitionRange,
} from '../kafka/batch-consumer.js';
import type { Watermarks } from '../kafka/cluster.js';
import type { Properties } from '../kafka/properties.js';
import { consumerProperties } from '../kafka/settings.js';
import { ETHERNET, positionAt, type PacketBatch } from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32, recordLength } from '../packet/record.js';
import { microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import { UserError } from '../errors/user-error.js';

/** Over all partitions; but at least the first and the last message of each. */
const MOST_MESSAGES = 2000;
/** Of each partition, at its beginning and at its end. */
const MOST_AT_EACH_END = 50;
/** Of the first messages, and of the last ones. */
const MOST_BYTES = 32 * 1024 * 1024;
/** A message in Kafka beside its value: its key, and what describes it. A record's header counts for a part. */
const MESSAGE_BYTES = 24;

/** What the first and last messages of a topic's partitions hold. */
export class TopicSample {
  messages = 0;
  packets = 0;
  /** As the messages take before compression, roughly. */
  bytes = 0;
  packedMessages = 0;
  /** Messages whose key is no packet's time. */
  timesFromKafka = 0;
  first: Microseconds | undefined;
  last: Microseconds | undefined;
  readonly linkTypes = new Set<number>();
  readonly hosts = new Set<string>();
  readonly interfaces = new Set<string>();
  /** The messages that were counted: a packed one may go on in the next batch. */
  readonly #counted = new Set<string>();
  /** Why it holds less than it should. */
  problem: string | undefined;

  add({ packets, tally }: ConsumedBatch): void {
    const withPackets = this.#countMessages(packets);
    const messages = withPackets + tally.nullValues + tally.unusable + tally.timesOutOfRange;
    this.messages += messages;
    this.packedMessages += tally.packed;
    this.timesFromKafka += tally.timesFromKafka;
    this.packets += packets.count;
    this.bytes += packets.bytes.length + messages * MESSAGE_BYTES;
    if (packets.count === 0) return;
    const { linkType, host, interface: name } = packets.link;
    this.linkTypes.add(linkType);
    if (host !== undefined) this.hosts.add(host);
    if (name !== undefined) this.interfaces.add(name);
    for (const time of timesIn(packets)) {
      if (this.first === undefined || time < this.first) this.first = time;
      if (this.last === undefined || time > this.last) this.last = time;
    }
  }

  /** How many messages begin in a batch. */
  #countMessages({ count, origin }: PacketBatch): number {
    const before = this.#counted.size;
    let last: ReturnType<typeof positionAt> | undefined;
    for (let i = 0; origin && i < count; i++) {
      const position = positionAt(origin, i);
      const { partition, offset } = position;
      if (last?.partition !== partition || last.offset !== offset)
        this.#counted.add(`${partition}:${offset}`);
      last = position;
    }
    return this.#counted.size - before;
  }
}

/** Which messages are looked at: the first of each partition, and the last. */
export function sampleRanges(watermarks: readonly Watermarks[]): {
  readonly heads: PartitionRange[];
  readonly tails: PartitionRange[];
} {
  const share = Math.floor(MOST_MESSAGES / 2 / Math.max(watermarks.length, 1));
  const count = Math.min(Math.max(share, 1), MOST_AT_EACH_END);
  const heads = watermarks.map(({ partition, low, high }) => ({
    partition,
    start: low,
    end: Math.min(low + count, high),
  }));
  const tails = watermarks.map(({ partition, low, high }) => ({
    partition,
    start: Math.max(high - count, Math.min(low + count, high)),
    end: high,
  }));
  const holdsAny = ({ start, end }: { start: number; end: number }) => start < end;
  return { heads: heads.filter(holdsAny), tails: tails.filter(holdsAny) };
}

/** Reads the sample, as far as it can be had in `limitMs`. */
export async function sampleTopic(
  options: {
    readonly topic: string;
    readonly properties: Properties;
    readonly watermarks: readonly Watermarks[];
    readonly keyUnit: KeyUnit;
    readonly limitMs: number;
  },
  log: Logger,
): Promise<TopicSample> {
  const { heads, tails } = sampleRanges(options.watermarks);
  const sample = new TopicSample();
  await Promise.all([heads, tails].map((ranges) => readInto(sample, ranges, options, log)));
  return sample;
}

async function readInto(
  sample: TopicSample,
  partitions: readonly PartitionRange[],
  { topic, properties, keyUnit, limitMs }: Parameters<typeof sampleTopic>[0],
  log: Logger,
): Promise<void> {
  if (partitions.length === 0) return;
  const consumer = new BatchConsumer(
    {
      properties: consumerProperties(properties, {
        group: undefined,
        partitions: partitions.length,
        tellsEnds: true,
      }),
      topic,
      shared: false,
      overridesCommitted: false,
      partitions,
      otherStart: OFFSET_BEGINNING,
      linkType: ETHERNET,
      keyUnit,
      values: 'frame',
      inTimeOrder: false,
      tellsNames: true,
      window: undefined,
    },
    log,
  );
  const limit = setTimeout(() => {
    sample.problem ??= 'the brokers did not give all of it in time';
    consumer.stop();
  }, limitMs);
  try {
    let bytes = 0;
    for (let batch; (batch = await consumer.next()) !== null;) {
      sample.add(batch);
      bytes += batch.packets.bytes.length;
      if (bytes >= MOST_BYTES) consumer.stop();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    sample.problem = error.message;
  } finally {
    clearTimeout(limit);
    await consumer.close();
  }
}

function* timesIn({ bytes, link }: PacketBatch): Generator<Microseconds> {
  for (let at = 0; at < bytes.length; at += recordLength(bytes, at)) {
    const fraction = readUint32(bytes, at + FRACTION_OFFSET);
    const us = link.precision === 'nano' ? Math.floor(fraction / 1000) : fraction;
    yield microsecondsOf(readUint32(bytes, at), us);
  }
}
