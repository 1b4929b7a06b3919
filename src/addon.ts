import { createRequire } from 'node:module';

/** A batch as the addon hands it over: see `native/batch/batch.h`. The buffers are reused for later batches. */
export interface NativeBatch {
  readonly buffer: Buffer;
  /** How much of `buffer` holds records. */
  readonly byteLength: number;
  readonly count: number;
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
  readonly host?: string;
}

/** Packets that a producer gave back, or that failed for their own sake. */
export interface NativeWithdrawnBatch {
  readonly records: Buffer;
  readonly count: number;
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
}

export interface NativeOffset {
  readonly partition: number;
  readonly offset: number;
}

export interface NativeConsumedBatch extends NativeBatch {
  /** 16 bytes a record: offset (int64), partition (int32), unused (int32), in host byte order. */
  readonly positions: Buffer;
  /** For each partition in the batch, the first offset that is not in it. */
  readonly next: readonly NativeOffset[];
  readonly tally: {
    readonly nullValues: number;
    readonly timesOutOfRange: number;
    readonly timesFromKafka: number;
    readonly badHeaders: number;
    /** Messages before those of the batch that the broker deleted before they were read. */
    readonly deleted: number;
  };
}

/** What a librdkafka client says besides packets. */
export type NativeEvent =
  | {
      readonly kind: 'log';
      readonly level: number;
      readonly facility: string;
      readonly message: string;
    }
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly message: string;
      readonly fatal: boolean;
    }
  | { readonly kind: 'statistics'; readonly json: string }
  /** Deliveries wait to be taken with `takeReports`. */
  | { readonly kind: 'reports' }
  /** Messages failed for a cause that was not seen before, or not for some seconds. */
  | { readonly kind: 'failure' }
  /** Packets that failed for their own sake wait to be taken with `takeRefused`. */
  | { readonly kind: 'refused' };

type Properties = readonly (readonly [name: string, value: string])[];

/** Opaque: connects a producer's connections with the captures that leave them out. */
export type NativeOwnConnections = object;

export interface NativeCapture {
  next(): Promise<NativeBatch | null>;
  stop(): void;
  facts(): { linkType: number; nanoseconds: boolean; snapLength: number; warning: string };
  drops(): { kernel: number; interface: number };
  close(): Promise<void>;
}

/** How much one request to Kafka may hold, and one message (batch.size, message.max.bytes, batch.num.messages). */
export interface NativeRequestBounds {
  readonly bytes: number;
  readonly messageBytes: number;
  readonly messages: number;
}

export interface NativeProducer {
  produce(
    records: Buffer,
    linkType: number,
    nanoseconds: boolean,
    interfaceName?: string,
  ): Promise<number>;
  flush(timeoutMs: number): Promise<number>;
  /** Everything not yet delivered fails for this cause. */
  purge(cause: string): Promise<number>;
  withdraw(): Promise<number>;
  takeWithdrawn(): NativeWithdrawnBatch[];
  /** With `keepsRefused`: the packets that failed for their own sake since the last call. */
  takeRefused(): NativeWithdrawnBatch[];
  /** Asks the broker for the topic's settings: their number, 0 where they may not be seen. */
  askForTopicSettings(timeoutMs: number): Promise<number>;
  topicSettings(): Record<string, string>;
  requestBounds(): NativeRequestBounds;
  boundRequests(bytes: number, messageBytes: number, messages: number): Promise<number>;
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
    /** By cause. */
    failures: Record<string, number>;
    /** By cause, Kafka's timestamp of the last packet that failed for its own sake, in ms since 1970. */
    failedTimes: Record<string, number>;
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

export interface NativeConsumer {
  next(): Promise<NativeConsumedBatch | null>;
  acknowledge(offsets: readonly NativeOffset[]): void;
  stop(): void;
  close(): Promise<void>;
}

export interface NativeFilter {
  keep(records: Buffer, positions: Buffer | undefined): { byteLength: number; count: number };
}

export interface NativeDecompressor {
  /** Decompresses what fits into `into`; `mayEnd`: no member or frame is begun. Throws where the data are damaged. */
  decode(from: Buffer, into: Buffer): { consumed: number; produced: number; mayEnd: boolean };
}

export interface NativeBroker {
  port(): number;
  createTopic(name: string, partitions: number): void;
  close(): void;
}

/** A user of this system; `groups` holds the primary one, `gid`, and all others. */
export interface NativeUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

interface Addon {
  versions(): { librdkafka: string; features: string; libpcap: string };
  linkTypeOfName(name: string): number | undefined;
  linkTypeName(linkType: number): string | undefined;
  propertyProblem(name: string, value: string): { unknown: boolean; message: string } | undefined;
  propertyNames(): string[];
  /** For each record, the partition that a producer with `flowPartitions` sends it to. */
  flowPartitions(records: Buffer, linkType: number, partitions: number): number[];
  readerLeft(fd: number): boolean;
  /** Locks a file for this process, until it closes it or ends; false where another process has it. */
  lockFile(fd: number): boolean;
  userNamed(name: string): NativeUser | undefined;
  exitNow(status: number): never;
  OwnConnections: new () => NativeOwnConnections;
  CaptureFilter: new (expression: string, linkType: number, snapLength: number) => NativeFilter;
  Decompressor: new (format: 'gzip' | 'zstd' | 'lz4') => NativeDecompressor;
  LiveCapture: new (options: {
    interface: string;
    snapLength: number;
    bufferBytes: number;
    promiscuous: boolean;
    nanoseconds: boolean;
    timestampType: string | undefined;
    linkType: number | undefined;
    filter: string;
    ownConnections: NativeOwnConnections | undefined;
    batchBytes: number;
    maxBatchAgeMs: number;
  }) => NativeCapture;
  BatchProducer: new (options: {
    properties: Properties;
    topic: string;
    timestamp: 'packet' | 'now';
    mayFillQueue: boolean;
    pushIntervalMs: number;
    fullBytes: number;
    headers: readonly (readonly [name: string, value: string])[];
    flowPartitions: number;
    keysChoose: boolean;
    keepsRefused: boolean;
    reportEvery: number;
    ownConnections: NativeOwnConnections | undefined;
    onEvent: (event: NativeEvent) => void;
  }) => NativeProducer;
  BatchConsumer: new (options: {
    properties: Properties;
    topic: string;
    subscribe: boolean;
    partitions: readonly { partition: number; start: number; end: number | undefined }[];
    otherStart: number;
    /** Microseconds since 1970; negative for none. */
    endTimeUs: number;
    inTimeOrder: boolean;
    tellsNames: boolean;
    keyUnit: 'us' | 'ms' | 'ns';
    linkType: number;
    batchBytes: number;
    maxBatchAgeMs: number;
    onEvent: (event: NativeEvent) => void;
  }) => NativeConsumer;
  InMemoryBroker: new (port: number) => NativeBroker;
}

/** The native half of kcap: threads that wait and copy. What they should do is decided in TypeScript. */
export const addon = createRequire(import.meta.url)('#addon') as Addon;
