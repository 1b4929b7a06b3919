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
export interface NativeUndeliveredBatch {
  readonly records: Buffer;
  /** The number of each packet's message. */
  readonly numbers: Float64Array;
  readonly count: number;
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
}

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

export interface NativeCapture {
  next(): Promise<NativeBatch | null>;
  /** Where it shares packets: they come from now on. */
  begin(): void;
  /** Of now on; an Error with the code FILTER where the expression makes no sense. */
  setFilter(expression: string): Promise<void>;
  stop(): void;
  abandon(): void;
  facts(): {
    linkType: number;
    nanoseconds: boolean;
    snapLength: number;
    warning: string;
    unknownToOthers: string;
    /** Of the captures that share an interface's packets, where it does. */
    fanoutGroup?: number;
  };
  counters(): {
    /** Of 32 bits, as libpcap counts: the next after 4,294,967,295 is 0. */
    droppedKernel: number;
    droppedInterface: number;
    cut: number;
    abandoned: number;
    abandonedBytes: number;
  };
  close(): Promise<void>;
}

/** Datagrams that come to a UDP port: a record each, of the payload. */
export interface NativeDatagramListener {
  next(): Promise<NativeBatch | null>;
  port(): number;
  stop(): void;
  abandon(): void;
  counters(): {
    /** Of 32 bits: the next after 4,294,967,295 is 0. */
    droppedKernel: number;
    abandoned: number;
    abandonedBytes: number;
  };
  close(): Promise<void>;
}

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

export interface NativeFilter {
  keep(records: Buffer, positions: Buffer | undefined): { byteLength: number; count: number };
}

export interface NativeDecompressor {
  /** Decompresses what fits into `into`; `mayEnd`: no member or frame is begun. Throws where the data are damaged. */
  decode(from: Buffer, into: Buffer): { consumed: number; produced: number; mayEnd: boolean };
}

/** Datagrams, and the bytes of their payloads. */
export interface NativeDatagrams {
  readonly datagrams: number;
  readonly bytes: number;
}

export interface NativeMessageWriter {
  /**
   * Writes rows to `out` from `at` on, as many as `ends` has room for or `out` certainly has: how many. Throws where a
   * row refers to what is not there.
   */
  write(
    rows: Int32Array,
    sources: readonly Buffer[],
    out: Buffer,
    at: number,
    ends: Int32Array,
  ): number;
  /** Of the framed messages that have been written. */
  valueBytes(): number;
}

export interface NativeDatagramSender {
  /** Up to 16 calls at a time wait for those before them. `failed` is by errno. */
  send(
    bytes: Buffer,
    ends: Int32Array,
  ): Promise<{ sent: NativeDatagrams; failed: Record<string, NativeDatagrams> }>;
  close(): Promise<void>;
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

/** Writes text to a descriptor in a thread of its own: see `native/system/log_writer.h`. */
export interface NativeLogWriter {
  write(text: string, lines: number): void;
  isFlowing(): boolean;
  takeDropped(): number;
  drain(timeoutMs: number): boolean;
}

interface Addon {
  versions(): { librdkafka: string; features: string; libpcap: string };
  linkTypeOfName(name: string): number | undefined;
  linkTypeName(linkType: number): string | undefined;
  propertyProblem(name: string, value: string): { unknown: boolean; message: string } | undefined;
  /** librdkafka's errors: their names, such as _TRANSPORT, and what it says of them. */
  kafkaErrors(): { readonly name: string; readonly description: string }[];
  /** The name of the error that the brokers have for this topic, which is not made; undefined where it is there. */
  topicError(properties: Properties, topic: string, timeoutMs: number): Promise<string | undefined>;
  /** The topic's settings by their names; the name of the error where the brokers give none. */
  topicSettings(
    properties: Properties,
    topic: string,
    timeoutMs: number,
  ): Promise<Readonly<Record<string, string>> | string>;
  /** Who is in a consumer group, nobody where there is none; the name of the error where the brokers don't say. */
  groupMembers(
    properties: Properties,
    group: string,
    timeoutMs: number,
  ): Promise<readonly { readonly clientId: string; readonly host: string }[] | string>;
  /** Every property that librdkafka lists, and whose it is: of consumers, of producers or of both. */
  properties(): { readonly name: string; readonly client: 'C' | 'P' | '*' }[];
  /** For each record, the partition that a producer with `flowPartitions` sends it to. */
  flowPartitions(records: Buffer, linkType: number, partitions: number): number[];
  readerLeft(fd: number): boolean;
  /** How wide this terminal is now, 0 where it does not say so. */
  terminalColumns(fd: number): number;
  /** A TCP socket that is to be connected to this peer, bound to a port that captures leave out already. */
  ownSocket(address: string, port: number): { readonly fd: number; readonly localPort: number };
  /** Captures leave this connection out; again where its local address has become known. */
  enterOwn(
    transport: 'tcp' | 'udp',
    localPort: number,
    localAddress: string | undefined,
    address: string,
    port: number,
  ): void;
  /** It is closed. */
  leaveOwn(transport: 'tcp' | 'udp', localPort: number): void;
  /** Throws where so many threads more can't be made: librdkafka would end the process. */
  requireThreads(count: number): void;
  /** Locks a file for this process, until it closes it or ends; false where another process has it. */
  lockFile(fd: number): boolean;
  userNamed(name: string): NativeUser | undefined;
  groupNamed(name: string): number | undefined;
  exitNow(status: number): never;
  /** From now on the signal with this number does nothing. */
  ignoreSignal(number: number): void;
  /** Memory that is freed stays the process's, up to 64 MiB a thread. */
  keepFreedMemory(): void;
  /** What libpcap knows of each interface beside its addresses: `native/capture/device_facts.h`. */
  deviceFacts(): {
    readonly name: string;
    readonly up?: boolean;
    readonly running?: boolean;
    readonly linkTypes?: readonly number[];
    readonly refused?: boolean;
  }[];
  CaptureFilter: {
    new (
      expression: string,
      linkType: number,
      snapLength: number,
      /** Whether the program is made short, which takes a while and pays where packets are filtered. */
      optimized: boolean,
    ): NativeFilter;
    /** The same off this thread, made short: host names may take long. */
    compile(expression: string, linkType: number, snapLength: number): Promise<NativeFilter>;
  };
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
    leavesOutKcap: boolean;
    /** The captures that it shares packets with; negative for the first of them, absent for none. */
    fanoutGroup?: number;
    batchBytes: number;
    maxBatchAgeMs: number;
  }) => NativeCapture;
  DatagramListener: new (options: {
    /** IPv4 or IPv6. */
    address: string;
    /** 0 for any. */
    port: number;
    bufferBytes: number;
    batchBytes: number;
  }) => NativeDatagramListener;
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
    /** Of a packed message's value; 0: each packet is a message. */
    packBytes: number;
    packAgeMs: number;
    reportEvery: number;
    keepsUndelivered?: boolean;
    onEvent: (event: NativeEvent) => void;
  }) => NativeProducer;
  BatchConsumer: new (options: {
    properties: Properties;
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
  /** Throws an error with an `errno` where there can be no such socket. */
  DatagramSender: new (options: {
    address: string;
    port: number;
    bufferBytes: number;
  }) => NativeDatagramSender;
  InMemoryBroker: new (port: number) => NativeBroker;
  /** `steps` as MessageForm has them. */
  MessageWriter: new (steps: Int32Array, literals: Buffer, columns: number) => NativeMessageWriter;
  /** Puts into `into` where LFs are in [start, end), no more than there is room for: how many. */
  lineEnds: (bytes: Buffer, start: number, end: number, into: Int32Array) => number;
  LogWriter: new (fd: number, limitBytes: number) => NativeLogWriter;
}

/** The native half of kcap: threads that wait and copy. What they should do is decided in TypeScript. */
export const addon = createRequire(import.meta.url)('#addon') as Addon;
