import type { Origin, PacketBatch } from '../packet/packet-batch.js';

/** Packets or messages by the cause of what became of them. */
export type ByCause = Readonly<Record<string, number>>;

export interface SourceCounters {
  /** Packets that the kernel dropped since its buffer was full, as pcap_stats counts them. */
  readonly droppedKernel: number;
  /** Packets that the interface or its driver dropped. */
  readonly droppedInterface: number;
  /** Packets that the snapshot length cut. */
  readonly cut: number;
  /** Packets, and their captured bytes, that waited in the kernel when the run gave up: in, and failed. */
  readonly abandoned: number;
  readonly abandonedBytes: number;
  /** Messages that held no packet, and nothing was lost with them. */
  readonly skipped: ByCause;
  /** Messages whose packet could not be made: loss. */
  readonly unusable: ByCause;
  /** Packets whose time is the message's, since the key had none. */
  readonly timeFromKafka: number;
  /** Headers of known names whose value made no sense; they were ignored. */
  readonly badHeaders: number;
  /** Messages that Kafka deleted before they were read: loss, and never taken in. */
  readonly deletedUnread: number;
  /** Packets of the time range that is read, found further off than its slack: there may be others. */
  readonly outsideSlack?: number;
}

/** The counters of a source to which nothing happened. */
export const NOTHING_COUNTED: SourceCounters = {
  droppedKernel: 0,
  droppedInterface: 0,
  cut: 0,
  abandoned: 0,
  abandonedBytes: 0,
  skipped: {},
  unusable: {},
  timeFromKafka: 0,
  badHeaders: 0,
  deletedUnread: 0,
};

/** Where packets come from. */
export interface Source {
  /** What the source is, for people: an interface, a file, a topic. */
  readonly name: string;
  /**
   * The packets, in order, until the source ends or `stop` is aborted: then what was captured before comes, and
   * no more. A batch is valid until the next one is asked for. From when `giveUp` is aborted, which is after `stop`,
   * a source with packets that wait ends at once, and counts them.
   */
  batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch>;
  /** Says that these packets were handled, so that no later run reads them again. */
  acknowledge?(origin: Origin): void;
  counters(): SourceCounters;
  close(): Promise<void>;
}

export interface StageCounters {
  /** Packets that the stage left out on purpose. */
  readonly filtered: number;
  /** Packets, and their captured bytes, that the stage gave back: they do not count as taken in. */
  readonly returned: number;
  readonly returnedBytes: number;
  /** Packets that the stage cut. */
  readonly cut?: number;
  /** Packets that the stage could not deal with, by cause: loss. */
  readonly unusable?: ByCause;
}

/** Changes a batch on its way, in place or by returning a part of it. */
export interface Stage {
  /**
   * Where a stage must first get ready for a batch and that may take long: resolves when it is. A stop does not wait
   * for it, and the batch is not taken then.
   */
  prepare?(batch: PacketBatch): Promise<void> | undefined;
  apply(batch: PacketBatch): PacketBatch;
  counters(): StageCounters;
  /** True once no further packet may pass: the run ends. */
  readonly finished: boolean;
}

export interface SinkCounters {
  readonly out: number;
  /** Captured bytes of the packets that went out. */
  readonly bytesOut: number;
  /** Packets that should have gone out and did not, by cause. */
  readonly failed: ByCause;
  /** Packets that cannot be represented, by cause: loss. */
  readonly unusable: ByCause;
  /** Packets whose time lost its nanoseconds without anybody having asked for it. */
  readonly roundedTimes?: number;
  /** Packets that went out without the names of their interface and host, since there were too many names. */
  readonly lostNames?: number;
  readonly spool?: SpoolCounters;
}

export interface SpoolCounters {
  /** Its folder. */
  readonly where: string;
  /** Packets of this run that are on disk and not yet sent. */
  readonly waiting: number;
  /** What an earlier run had left, and was taken up by this one: packets, and their captured bytes. */
  readonly takenUp: { readonly packets: number; readonly bytes: number };
}

/** Where packets go. */
export interface Sink {
  /**
   * Resolves when the bytes of the batch were copied or written: that is the backpressure. From when `giveUp` is
   * aborted nothing may take long: what can't be handed over at once has failed.
   */
  write(batch: PacketBatch, giveUp: AbortSignal): Promise<void>;
  /** Resolves when everything has gone out or failed. */
  flush(giveUp: AbortSignal): Promise<void>;
  counters(): SinkCounters;
  close(): Promise<void>;
}

/** Thrown by a sink whose reader has gone, or takes nothing and there is no more time: a normal end of the run. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';
  /** How many packets at the beginning of the batch went out all the same, or were counted otherwise. */
  readonly packetsHandled: number;

  constructor(packetsHandled = 0) {
    super('the reader has left');
    this.packetsHandled = packetsHandled;
  }
}

/** Thrown by a sink that could not write the whole batch: what went out of it counts, and the run fails. */
export class PartlyWritten extends ReaderLeft {
  readonly failure: Error;

  constructor(packetsHandled: number, failure: Error) {
    super(packetsHandled);
    this.failure = failure;
  }
}
