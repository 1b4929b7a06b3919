import type { NativeBatch } from './batch.js';
import type { NativeEvent, NativeProperties } from './kafka.js';

export interface NativeOffset {
  readonly partition: number;
  readonly offset: number;
  /** Packets of the message at `offset` that are not meant. */
  readonly skip: number;
}

export interface NativeConsumedBatch extends NativeBatch {
  /**
   * 16 bytes a record: offset (int64), partition (int32), and the packets of its message up to this one, or 0 where it
   * is the last (int32); in host byte order.
   */
  readonly positions: Buffer;
  /** For each partition in the batch, the first offset that is not in it. */
  readonly next: readonly NativeOffset[];
  readonly tally: {
    readonly nullValues: number;
    readonly timesOutOfRange: number;
    readonly timesFromKafka: number;
    readonly badHeaders: number;
    /** Values of messages, or parts of them, that hold no packet. */
    readonly unusable: number;
    /** Messages of many packets that begin in the batch. */
    readonly packed: number;
    /** Packets of the window that were found outside its slack. */
    readonly outsideSlack: number;
    /** Messages before those of the batch that the broker deleted before they were read. */
    readonly deleted: number;
  };
}

export interface NativeConsumer {
  next(): Promise<NativeConsumedBatch | null>;
  acknowledge(offsets: readonly NativeOffset[]): void;
  /** For each partition, the offset of its end as last heard, -1 where nothing was. */
  highWatermarks(partitions: readonly number[]): number[];
  stop(): void;
  /** Ends where the partitions have nothing more; takes `enable.partition.eof`. */
  endHere(): void;
  close(): Promise<void>;
}

/** Reads a topic as batches (`native/kafka/`). */
export interface ConsumerAddon {
  BatchConsumer: new (options: {
    properties: NativeProperties;
    topic: string;
    /** Undefined to read all partitions. */
    group: string | undefined;
    groupInstance: string | undefined;
    /** Where the group has no other members, `start` counts and not what is committed. */
    overridesCommitted: boolean;
    partitions: readonly {
      partition: number;
      start: number;
      end: number | undefined;
      timeStart?: number | undefined;
    }[];
    otherStart: number;
    /** Microseconds, but for `slackUs` since 1970. */
    window:
      | {
          readonly fromUs: number | undefined;
          readonly toUs: number | undefined;
          readonly slackUs: number | undefined;
          readonly nowUs: number;
        }
      | undefined;
    inTimeOrder: boolean;
    tellsNames: boolean;
    keyUnit: 'us' | 'ms' | 'ns';
    /** What messages that are not packed hold; anything: each is taken as it is, whatever key and headers say. */
    values: 'frame' | 'pcap' | 'anything';
    linkType: number;
    batchBytes: number;
    maxBatchAgeMs: number;
    onEvent: (event: NativeEvent) => void;
  }) => NativeConsumer;
}
