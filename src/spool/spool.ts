import type { Logger } from 'pino';
import type { ReturnedBatch } from '../kafka/batch-producer.js';
import { shortage } from '../errors/system-error.js';
import { codeOf } from '../errors/user-error.js';
import { frameBytes, packetsAfter, type PacketBatch } from '../packet/packet-batch.js';
import { RefusedPackets } from './refused-packets.js';
import { onlyMessages, packByLink } from './returned-packets.js';
import { MOST_FILES, type Segment } from './segment.js';
import { SegmentMaker } from './segment-maker.js';
import { spoolError } from './spool-error.js';
import { problemText, type SpoolFile } from './spool-file.js';
import type { SpoolFolder } from './spool-folder.js';
import { LEAST_SEGMENTS, SpoolSegments } from './spool-segments.js';

export interface SpoolOptions {
  /** Bytes on disk. */
  readonly limitBytes: number;
  /** Whether packets are to keep the name of their interface; otherwise those of several share a file. */
  readonly keepsInterface: boolean;
}

/**
 * Packets on disk, in the order in which they came: each stays until it is settled what became of it. Nothing that is
 * done for a batch depends on how much waits.
 */
export class Spool {
  readonly #folder: SpoolFolder;
  readonly #maker: SegmentMaker;
  readonly #limitBytes: number;
  readonly #keepsInterface: boolean;
  readonly #log: Logger;
  readonly #refused: RefusedPackets;
  readonly #segments: SpoolSegments;
  #appending: Promise<void> | undefined;
  #waiting = 0;
  #lost = 0;
  #takenUp = 0;
  #takenUpBytes = 0;
  #shortage: string | undefined;

  private constructor(
    folder: SpoolFolder,
    options: SpoolOptions,
    { refusedBytes, log }: { readonly refusedBytes: number; readonly log: Logger },
  ) {
    this.#folder = folder;
    this.#maker = new SegmentMaker(folder, log);
    this.#limitBytes = options.limitBytes;
    this.#keepsInterface = options.keepsInterface;
    this.#log = log;
    this.#segments = new SpoolSegments(this.#maker, folder.path, options.limitBytes);
    const limitBytes = options.limitBytes / LEAST_SEGMENTS;
    this.#refused = new RefusedPackets(folder, { limitBytes, byteLength: refusedBytes }, log);
  }

  /** A spool that begins with what earlier runs have left in its folder. */
  static async open(folder: SpoolFolder, options: SpoolOptions, log: Logger): Promise<Spool> {
    const content = await folder.content();
    const spool = new Spool(folder, options, { refusedBytes: content.refusedBytes, log });
    for (const path of content.foreign)
      log.warn(`spool: ${path} is ignored: it is not this user's own file`);
    spool.#segments.takeUp(spool.#maker.leftIn(content));
    return spool;
  }

  get where(): string {
    return this.#folder.path;
  }

  /** Bytes on disk. */
  get byteLength(): number {
    return this.#segments.byteLength;
  }

  /** There are packets that were not taken, or will be in a moment. */
  get hasPackets(): boolean {
    return this.#appending !== undefined || this.#segments.first !== undefined;
  }

  /** There are files, though all of their packets may have been taken. */
  get hasFiles(): boolean {
    return !this.#segments.isEmpty;
  }

  /** There are packets of earlier runs that were not taken. */
  get hasOlder(): boolean {
    return this.#segments.hasOlder;
  }

  /** Packets that this run has put in and that were not taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Packets that this run has put in, and that were not there any more when they were to be sent. */
  get lost(): number {
    return this.#lost;
  }

  /** Packets, and their captured bytes, of earlier runs that were taken. */
  get takenUp(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#takenUp, bytes: this.#takenUpBytes };
  }

  /** Why append() or putBack() last found no room. */
  get shortage(): string {
    return this.#shortage ?? 'it has reached --spool-size';
  }

  /** Adds packets at the end; false where there is no room. A batch of any length fits into an empty spool. */
  async append(batch: PacketBatch): Promise<boolean> {
    this.#shortage = undefined;
    const { bytes } = batch;
    const { byteLength } = this.#segments;
    if (byteLength > 0 && byteLength + bytes.length > this.#limitBytes) return false;
    let done: () => void = () => undefined;
    this.#appending = new Promise((resolve) => (done = resolve));
    try {
      const link = this.#keepsInterface ? batch.link : { ...batch.link, interface: undefined };
      const file = await this.#segments.fileFor(link, bytes.length);
      await file.append(batch);
      this.#segments.byteLength += bytes.length;
      this.#waiting += batch.count;
      return true;
    } catch (error) {
      return this.#foundNoRoom(error);
    } finally {
      this.#appending = undefined;
      done();
    }
  }

  /**
   * The next packets that were not taken, the same until take() says otherwise. Undefined where there are none, or
   * where the system can't open their file now.
   */
  async next(): Promise<PacketBatch | undefined> {
    for (let segment; (segment = this.#segments.first);) {
      // What is read is not written any more.
      if (this.#segments.isWritten(segment)) await this.#seal();
      try {
        const batch = await segment.next((file) => {
          this.#giveUp(file);
        });
        if (batch) return batch;
      } catch (error) {
        this.#foundNoRoom(error);
        return undefined;
      }
      this.#segments.finish(segment);
    }
    return undefined;
  }

  /**
   * Says that the first `byteLength` bytes of what next() gave, whole packets, have become the messages with these
   * numbers.
   */
  take(
    batch: PacketBatch,
    byteLength: number,
    messages: { readonly first: number; readonly last: number },
  ): void {
    const segment = this.#segments.first;
    if (!segment || byteLength === 0) return;
    const rest = packetsAfter(batch, byteLength);
    const packets = batch.count - rest.count;
    segment.take(byteLength, packets, messages);
    if (segment.isOlder) {
      this.#takenUp += packets;
      this.#takenUpBytes += frameBytes(batch) - frameBytes(rest);
    } else {
      this.#waiting -= packets;
    }
    if (!this.#segments.isWritten(segment) && segment.isRead) this.#segments.finish(segment);
  }

  /** Removes the files of which all packets were taken, and all messages up to this number settled. */
  async removeSettled(settled: number): Promise<void> {
    await this.#segments.removeTaken(settled);
    await this.#segments.releaseFinished();
  }

  /**
   * Puts packets whose messages were taken back before all that was not taken. All messages have settled, or are among
   * those. False where there is no room on the disk.
   */
  async putBack(returned: readonly ReturnedBatch[]): Promise<boolean> {
    const front = await this.#writeBefore(returned);
    if (!front) return false;
    this.#segments.putFirst(front);
    // Only now: if the process is killed before that, packets come twice, and none is left out.
    await this.#segments.removeTaken();
    return true;
  }

  /**
   * Nothing is under way any more, and no more will be taken: leaves on disk what was not taken and, before it, these
   * packets, whose messages were taken back. How many of those found no room.
   *
   * @param isComplete whether they are all whose messages were not delivered; if not, the files that were taken stay
   */
  async leave(
    returned: readonly ReturnedBatch[],
    { isComplete }: { readonly isComplete: boolean },
  ): Promise<{ readonly lost: number; readonly error?: unknown }> {
    await this.#seal();
    try {
      if (isComplete && (await this.putBack(returned))) {
        await this.#dropTaken();
        return { lost: 0 };
      }
    } catch (error) {
      return { lost: this.#leaveFiles(returned).reduce((sum, { count }) => sum + count, 0), error };
    }
    const elsewhere = this.#leaveFiles(returned);
    const front = await this.#writeBefore(elsewhere);
    if (front) this.#segments.putFirst(front);
    return { lost: front ? 0 : elsewhere.reduce((sum, { count }) => sum + count, 0) };
  }

  /** Keeps, apart from what is sent, packets that were refused for their own sake. */
  async keepRefused(batch: PacketBatch): Promise<void> {
    await this.#refused.keep(batch, () => this.#maker.nextNumber());
  }

  async close(): Promise<void> {
    await this.#appending;
    await this.#segments.close();
    await this.#refused.close();
    this.#folder.close();
  }

  /** Nothing is added any more to what was written last. */
  async #seal(): Promise<void> {
    while (this.#appending) await this.#appending;
    await this.#segments.seal();
  }

  #giveUp(file: SpoolFile): void {
    this.#lost += file.packets;
    this.#waiting -= file.packets;
    if (file.problem) this.#log.warn(`spool: ${problemText(file.path, file.problem)}`);
  }

  /**
   * Leaves the files as they are whose packets were taken, as the next run sends them again; those of the packets that
   * are not in them.
   */
  #leaveFiles(returned: readonly ReturnedBatch[]): ReturnedBatch[] {
    const kept = this.#segments.leaveTaken();
    const isOnDisk = (number: number) => kept.some((segment) => segment.holdsMessage(number));
    const elsewhere = onlyMessages(returned, (number) => !isOnDisk(number));
    const count = (batches: readonly PacketBatch[]) =>
      batches.reduce((sum, batch) => sum + batch.count, 0);
    this.#waiting += count(returned) - count(elsewhere);
    return elsewhere;
  }

  /** Without room for their copies they stay as they are: some packets come twice then, and none is lost. */
  async #dropTaken(): Promise<void> {
    await this.#segments.begun?.dropTaken().catch((error: unknown) => {
      if (!shortage(error) && codeOf(error) !== 'ENOENT') throw spoolError(this.where, error);
    });
  }

  /** Segments of these packets with numbers below all others; undefined where there is no room. */
  async #writeBefore(returned: readonly ReturnedBatch[]): Promise<Segment[] | undefined> {
    this.#shortage = undefined;
    const parts = packByLink(returned, MOST_FILES);
    const segments = this.#maker.first(parts.length);
    try {
      for (const [index, segment] of segments.entries()) {
        for (const batch of parts[index] ?? []) {
          const file = await this.#segments.addFile(segment, batch.link);
          await file.append(batch);
          this.#segments.byteLength += batch.bytes.length;
        }
        await segment.release();
      }
    } catch (error) {
      for (const segment of segments) await this.#segments.remove(segment);
      this.#foundNoRoom(error);
      return undefined;
    }
    this.#waiting += segments.reduce((sum, { packets }) => sum + packets, 0);
    return segments;
  }

  /** False, for a caller to say so; throws what is no shortage. */
  #foundNoRoom(error: unknown): false {
    this.#shortage = shortage(error);
    if (this.#shortage === undefined) throw spoolError(this.where, error);
    return false;
  }
}
