import type { Logger } from 'pino';
import { UserError } from '../errors/user-error.js';
import { NewFile } from '../files/new-file.js';
import { ringFileName } from '../files/ring-names.js';
import { firstPackets, packetsAfter, type Link, type PacketBatch } from '../packet/packet-batch.js';
import type { FileSize } from '../pcap/file-size.js';
import { EMPTY_ACCOUNT, sideBySide, type Account, type Count } from '../pipeline/account.js';
import { Alarm } from '../pipeline/alarm.js';
import { PartlyWritten, type Sink } from '../pipeline/contracts.js';
import type { ByteOutput } from '../files/byte-output.js';
import type { CaptureSink } from './capture-sink.js';

/** When a file is finished and the next one begins: whichever comes first. */
export interface RingConditions {
  /** How long one file is written. */
  readonly durationMs?: number;
  /** A file begins at each multiple of this since 1970. */
  readonly intervalMs?: number;
  /** The packet with which a file has so many is its last. */
  readonly fileBytes?: number;
  readonly packets?: number;
  /** So many of this run's files are kept, the one that is being written included. */
  readonly files?: number;
}

/** What the files of a ring are. */
export interface RingFormat {
  /** Of the packets, as far as it is known before the first one. */
  readonly link?: Partial<Link> | undefined;
  /** Writes a file. */
  readonly sink: (output: ByteOutput) => CaptureSink;
  /** Measures a file. */
  readonly size: (linkType: number | undefined) => FileSize;
}

interface Current {
  readonly file: NewFile;
  readonly sink: CaptureSink;
  readonly size: FileSize;
  readonly openedAtMs: number;
  packets: number;
}

/** How many names are tried that somebody has taken. */
const MOST_NAMES = 1000;
/** Finishing a file takes the time that it takes: nobody gives up on it. */
const NEVER = new AbortController().signal;

/**
 * Writes packets into one capture file after the other, as dumpcap's ring buffer does. Each file is whole from its
 * beginning on, up to the last batch. No file that was there before is touched.
 */
export class FileRing implements Sink {
  readonly #path: string;
  readonly #conditions: RingConditions;
  readonly #format: RingFormat;
  readonly #log: Logger;
  readonly #durationAlarm: Alarm;
  readonly #intervalAlarm: Alarm;
  /** Of this run, and still there. */
  readonly #finished: NewFile[] = [];
  #current: Current | undefined;
  #number = 0;
  /** Pcap files hold one link type and one precision: those of the first packet, the same in all files. */
  #link: Partial<Link> | undefined;
  #intervalEndMs = Infinity;
  #done = EMPTY_ACCOUNT;
  #lastTurn: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;
  #onFailure: (error: unknown) => void = () => undefined;
  readonly #onFinished: RingOptions['onFinished'];

  private constructor(path: string, { conditions, format, onFinished, log }: RingOptions) {
    this.#path = path;
    this.#onFinished = onFinished;
    this.#conditions = conditions;
    this.#format = format;
    this.#link = format.link;
    this.#log = log;
    const onTime = () => {
      this.#inTurn(() => this.#switchInTime()).catch((error: unknown) => {
        this.#onFailure(error);
      });
    };
    this.#durationAlarm = new Alarm(() => performance.now(), onTime);
    this.#intervalAlarm = new Alarm(() => Date.now(), onTime);
  }

  /**
   * Makes the first file; throws a UserError where that can't be.
   *
   * @param path of which the files' names are made
   */
  static async open(path: string, options: RingOptions): Promise<FileRing> {
    const ring = new FileRing(path, options);
    await ring.#openNext();
    return ring;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (batch.count > 0) await this.#inTurn(() => this.#writeAll(batch, giveUp));
  }

  async flush(): Promise<void> {
    await this.#inTurn(() => this.#finish());
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener;
  }

  account(): Account {
    return this.#current ? sideBySide([this.#done, this.#current.sink.account()]) : this.#done;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#durationAlarm.set(undefined);
    this.#intervalAlarm.set(undefined);
    await this.#lastTurn;
    await this.#current?.sink.close();
  }

  /** Files are switched at any time: not while something is written. What failed once goes on failing. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#lastTurn.then(async () => {
      if (this.#failure) throw this.#failure.error;
      await work().catch((error: unknown) => {
        // A batch that was written in part says so once.
        const failure = error instanceof PartlyWritten ? error.failure : error;
        this.#failure = { error: failure };
        throw error;
      });
    });
    this.#lastTurn = done.catch(() => undefined);
    await done;
  }

  async #writeAll(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    let rest = batch;
    let handled = 0;
    try {
      while (rest.count > 0) {
        const part = await this.#writeSome(rest, giveUp);
        handled += part.count;
        rest = packetsAfter(rest, part.bytes.length);
      }
    } catch (error) {
      if (error instanceof PartlyWritten)
        throw new PartlyWritten(handled + error.packetsHandled, error.failure);
      throw handled > 0 && error instanceof Error ? new PartlyWritten(handled, error) : error;
    }
  }

  /** Writes the packets at the beginning that belong into the file whose turn it is. */
  async #writeSome(batch: PacketBatch, giveUp: AbortSignal): Promise<PacketBatch> {
    if (this.#isTimeUp()) await this.#finish();
    const opened = this.#current ?? (await this.#openNext());
    const { size, ...current } = this.#link ? opened : await this.#beginAnew(opened, batch.link);
    const { packets = Infinity, fileBytes } = this.#conditions;
    let part = batch;
    // Others are not in the file: its sink only counts them.
    if (size.holds(batch.link)) {
      part = firstPackets(batch, packets - opened.packets);
      if (fileBytes !== undefined) part = firstPackets(part, size.take(part, fileBytes));
      opened.packets += part.count;
    }
    await current.sink.write(part, giveUp);
    if (opened.packets >= packets || (fileBytes !== undefined && size.isFull(fileBytes)))
      await this.#finish();
    return part;
  }

  /** The header of a file without packets was a guess. */
  async #beginAnew(current: Current, link: Link): Promise<Current> {
    this.#link = link;
    await current.file.cutTo(0);
    const sink = this.#format.sink(current.file);
    await sink.begin(NEVER, link);
    this.#current = Object.assign(current, { sink });
    return this.#current;
  }

  #isTimeUp(): boolean {
    const { durationMs = Infinity } = this.#conditions;
    const openedAtMs = this.#current?.openedAtMs ?? Infinity;
    return performance.now() - openedAtMs >= durationMs || Date.now() >= this.#intervalEndMs;
  }

  /** The time of a file is over, whether or not packets come. */
  async #switchInTime(): Promise<void> {
    if (this.#isClosed || !this.#isTimeUp()) return;
    await this.#finish();
    await this.#openNext();
  }

  async #openNext(): Promise<Current> {
    await this.#removeOldest();
    const file = await this.#newFile();
    const sink = this.#format.sink(file);
    try {
      await sink.begin(NEVER, this.#link);
    } catch (error) {
      await file.close();
      await file.remove();
      throw error;
    }
    const { durationMs, intervalMs } = this.#conditions;
    const openedAtMs = performance.now();
    const size = this.#format.size(this.#link?.linkType);
    this.#current = { file, sink, size, openedAtMs, packets: 0 };
    if (durationMs !== undefined) this.#durationAlarm.set(openedAtMs + durationMs);
    if (intervalMs !== undefined) {
      this.#intervalEndMs = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs;
      this.#intervalAlarm.set(this.#intervalEndMs);
    }
    return this.#current;
  }

  async #newFile(): Promise<NewFile> {
    for (let tries = 0; tries < MOST_NAMES; tries++) {
      const file = await NewFile.create(ringFileName(this.#path, ++this.#number, new Date()));
      if (file) return file;
    }
    throw new UserError(`write ${this.#path}`, 'all names for the next file are taken', {
      remedy: 'name another file with -w',
    });
  }

  async #finish(): Promise<void> {
    const current = this.#current;
    if (!current) return;
    const { file, sink } = current;
    this.#durationAlarm.set(undefined);
    await sink.flush(NEVER);
    this.#done = sideBySide([this.#done, sink.account()]);
    this.#current = undefined;
    await sink.close();
    this.#finished.push(file);
    const about = { file: file.path, packets: sink.account().out.packets, bytes: file.bytes };
    this.#log.info({ event: 'file-finished', ...about }, `finished ${file.path}`);
    this.#onFinished?.(file, sink.account().out);
  }

  /** Makes room for the next file. */
  async #removeOldest(): Promise<void> {
    const { files } = this.#conditions;
    if (files === undefined) {
      // Nobody needs to know them any more.
      this.#finished.length = 0;
      return;
    }
    while (this.#finished.length >= files) await this.#finished.shift()?.remove();
  }
}

interface RingOptions {
  readonly conditions: RingConditions;
  readonly format: RingFormat;
  /** Called for each file that is finished, with what was written into it. */
  readonly onFinished?: ((file: NewFile, written: Count) => void) | undefined;
  readonly log: Logger;
}
