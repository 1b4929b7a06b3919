import type { NativeUndeliveredBatch } from './batch.js';
import type { NativeEvent, NativeProperties } from './kafka.js';

/** How much one request to Kafka may hold, and one message (batch.size, message.max.bytes, batch.num.messages). */
export interface NativeRequestBounds {
  readonly bytes: number;
  readonly messageBytes: number;
  readonly messages: number;
}

/** Messages that failed for one cause. */
export interface NativeFailure {
  readonly packets: number;
  /** librdkafka's words for the cause; empty where it has none. */
  readonly text: string;
  /** Kafka's timestamp of the last one that failed for its own sake, in ms since 1970. */
  readonly timeMs?: number;
}

export interface NativeProducer {
  produce(
    records: Buffer,
    linkType: number,
    nanoseconds: boolean,
    interfaceName?: string,
  ): Promise<number>;
  /** The bytes taken of messages framed as `native/wire/framed_message.h` says; negative where they make no sense. */
  produceMessages(frames: Buffer): Promise<number>;
  flush(timeoutMs: number): Promise<number>;
  /** Everything not yet delivered fails. */
  purge(): Promise<number>;
  withdraw(waitMs: number): Promise<number>;
  takeWithdrawn(): NativeUndeliveredBatch[];
  /** With `keepsUndelivered`: the packets that failed for their own sake since the last call. */
  takeRefused(): NativeUndeliveredBatch[];
  /** How many the topic has: 0 where the brokers know no such topic, negative where nobody says so. */
  partitions(timeoutMs: number): Promise<number>;
  /** Asks the broker for the topic's settings: their number, 0 where they may not be seen. */
  askForTopicSettings(timeoutMs: number): Promise<number>;
  topicSettings(): Record<string, string>;
  requestBounds(): NativeRequestBounds;
  /** `packBytes`: of the values of packed messages. */
  boundRequests(
    bytes: number,
    messageBytes: number,
    messages: number,
    packBytes: number,
  ): Promise<number>;
  counters(): {
    /** Messages are numbered from 1 on: this is the number of the last one. */
    accepted: number;
    delivered: number;
    deliveredBytes: number;
    failed: number;
    /** Messages that are neither delivered nor failed nor withdrawn. */
    underWay: number;
    /** All messages up to this number were delivered, have failed or were withdrawn. */
    settled: number;
    /** By the ids of their causes: names in lower case with hyphens. */
    failures: Record<string, NativeFailure>;
  };
  takeReports(): {
    number: number;
    timeUs: number;
    partition: number;
    offset: number;
    length: number;
  }[];
  close(): Promise<void>;
}

/** Sends batches to a topic (`native/kafka/`). */
export interface ProducerAddon {
  BatchProducer: new (options: {
    properties: NativeProperties;
    topic: string;
    timestamp: 'packet' | 'now';
    mayFillQueue: boolean;
    pushIntervalMs: number;
    fullBytes: number;
    headers: readonly (readonly [name: string, value: string])[];
    flowPartitions: number;
    keysChoose: boolean;
    /** Of a packed message's value; 0: each packet is a message. */
    packBytes: number;
    packAgeMs: number;
    reportEvery: number;
    keepsUndelivered?: boolean;
    onEvent: (event: NativeEvent) => void;
  }) => NativeProducer;
  /** For each record, the partition that a producer with `flowPartitions` sends it to. */
  flowPartitions(records: Buffer, linkType: number, partitions: number): number[];
}
