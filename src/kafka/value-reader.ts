import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { positionAt, type Origin, type PartitionOffset } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  readUint32,
  RECORD_HEADER_BYTES,
} from '../packet/record.js';
import { BatchConsumer, OFFSET_BEGINNING } from './batch-consumer.js';
import { Cluster } from './cluster.js';
import { groupMembers } from './group-members.js';
import type { Properties } from './properties.js';
import { uncommittedStart } from './read-start.js';
import { consumerProperties } from './settings.js';

/**
 * For a topic of few messages that are worth a lot each: a member that has died gives way soon, and what was handled is
 * committed soon. Some MiB of messages wait at most.
 */
const FEW_MESSAGES: Properties = new Map([
  ['session.timeout.ms', '6000'],
  ['heartbeat.interval.ms', '2000'],
  ['auto.commit.interval.ms', '500'],
  ['queued.max.messages.kbytes', '8192'],
]);

/** How long the brokers of such a group wait for a member that has died, in ms. */
export function sessionMs(user: Properties): number {
  return Number(user.get('session.timeout.ms') ?? FEW_MESSAGES.get('session.timeout.ms'));
}

export interface ValueReaderOptions {
  readonly topic: string;
  /** What the user gave. */
  readonly properties: Properties;
  readonly group: string;
  /** Where the group begins while it has committed nothing. */
  readonly uncommitted: 'earliest' | 'latest';
}

/** What a reader tells of its brokers, each once in turn. */
export interface BrokerListeners {
  /** None can be reached: nothing is read until they are back. */
  readonly onAway: () => void;
  readonly onBack: () => void;
}

const NOBODY: BrokerListeners = { onAway: () => undefined, onBack: () => undefined };
/** How often brokers that were away are asked whether they are back. */
const ASK_AGAIN_MS = 1000;

/** A message as somebody sent it; its key and headers don't matter. */
export interface MessageValue {
  /** Valid until the next messages are asked for. */
  readonly value: Buffer;
  /** Kafka's, since 1970; 0 where it has none. */
  readonly timestampMs: number;
  /** Where it is. */
  readonly partition: number;
  readonly offset: number;
}

/** Messages in the order of each partition. */
export interface MessageValues {
  readonly values: readonly MessageValue[];
  /** Messages without a value that came between them. */
  readonly nullValues: number;
  /** To be acknowledged once all of them have been handled. */
  readonly next: readonly PartitionOffset[];
}

/** Reads the values of a topic's messages as a member of a group: for messages that are no packets. */
export class ValueReader {
  readonly #consumer: BatchConsumer;
  readonly #watch: BrokerWatch;

  private constructor(consumer: BatchConsumer, watch: BrokerWatch) {
    this.#consumer = consumer;
    this.#watch = watch;
  }

  /** Throws a UserError as Cluster.ask does where the topic can't be read. */
  static async open(
    options: ValueReaderOptions,
    log: Logger,
    listeners: BrokerListeners = NOBODY,
  ): Promise<ValueReader> {
    const { topic, group } = options;
    const properties = new Map([...FEW_MESSAGES, ...options.properties]);
    const whereUncommitted = new Map([['auto.offset.reset', options.uncommitted]]);
    const facts = { role: 'consumer', properties, topic, group } as const;
    const watermarks = await Cluster.ask(facts, log, (cluster, partitions) =>
      cluster.watermarks(partitions),
    );
    const watch = new BrokerWatch(properties, group, listeners);
    const consumer = new BatchConsumer(
      {
        properties: consumerProperties(properties, {
          group,
          partitions: watermarks.length,
          tellsEnds: false,
        }),
        topic,
        shared: true,
        overridesCommitted: false,
        partitions: watermarks.map((marks) => ({
          partition: marks.partition,
          start: uncommittedStart(whereUncommitted, marks),
          end: undefined,
        })),
        otherStart: OFFSET_BEGINNING,
        linkType: 1,
        keyUnit: 'us',
        values: 'anything',
        inTimeOrder: false,
        tellsNames: false,
        window: undefined,
      },
      log,
      () => {
        watch.away();
      },
    );
    return new ValueReader(consumer, watch);
  }

  /** The next messages, once there are any; null after stop(). Throws a UserError as BatchConsumer.next does. */
  async next(): Promise<MessageValues | null> {
    const batch = await this.#consumer.next();
    if (!batch) return null;
    const { bytes, origin } = batch.packets;
    return {
      values: origin ? valuesOf(bytes, origin) : [],
      nullValues: batch.tally.nullValues,
      next: origin?.next ?? [],
    };
  }

  /** Everything before these offsets was handled: no member of the group will be given it again. */
  acknowledge(next: readonly PartitionOffset[]): void {
    this.#consumer.acknowledge(next);
  }

  /** Ends the waiting for further messages. */
  stop(): void {
    this.#consumer.stop();
  }

  /** Commits what was acknowledged, if the brokers answer soon, and leaves the group. */
  async close(): Promise<void> {
    this.#watch.close();
    await this.#consumer.close();
  }
}

/** Looks for brokers that are away until they are back. */
class BrokerWatch {
  readonly #properties: Properties;
  readonly #group: string;
  readonly #listeners: BrokerListeners;
  readonly #closing = new AbortController();
  #isAway = false;

  constructor(properties: Properties, group: string, listeners: BrokerListeners) {
    this.#properties = properties;
    this.#group = group;
    this.#listeners = listeners;
  }

  away(): void {
    if (this.#isAway || this.#closing.signal.aborted) return;
    this.#isAway = true;
    this.#listeners.onAway();
    void this.#untilBack();
  }

  close(): void {
    this.#closing.abort();
  }

  async #untilBack(): Promise<void> {
    const { signal } = this.#closing;
    do await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted && !(await groupMembers(this.#properties, this.#group)));
    this.#isAway = false;
    if (!signal.aborted) this.#listeners.onBack();
  }
}

/** The addon hands messages over as it does frames: each behind a record's header with Kafka's time. */
function valuesOf(records: Buffer, origin: Origin): MessageValue[] {
  const values: MessageValue[] = [];
  for (let at = 0; at < records.length;) {
    const length = readUint32(records, at + CAPTURED_LENGTH_OFFSET);
    const begin = at + RECORD_HEADER_BYTES;
    const microseconds = readUint32(records, at + FRACTION_OFFSET);
    const { partition, offset } = positionAt(origin, values.length);
    values.push({
      value: records.subarray(begin, begin + length),
      timestampMs: readUint32(records, at) * 1000 + Math.trunc(microseconds / 1000),
      ...{ partition, offset },
    });
    at = begin + length;
  }
  return values;
}
