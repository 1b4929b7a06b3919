import type { Link } from '../packet/packet-batch.js';
import { MOST_FILES, type Segment } from './segment.js';
import type { SegmentMaker } from './segment-maker.js';
import { spoolError } from './spool-error.js';
import type { SpoolFile } from './spool-file.js';

const LONGEST_SEGMENT_BYTES = 16 * 1024 * 1024;
/** So many segments hold the whole spool at least: space comes back a segment at a time. */
export const LEAST_SEGMENTS = 16;

/** The segments of a spool in the order of their packets: those that wait, and those whose packets were taken. */
export class SpoolSegments {
  /** On disk. */
  byteLength = 0;

  readonly #maker: SegmentMaker;
  readonly #where: string;
  readonly #segmentBytes: number;
  /** All of whose packets were taken, and may not have settled. */
  readonly #taken: Segment[] = [];
  /** Those whose files may still be open. */
  readonly #finished: Segment[] = [];
  /** Of which some packets were not taken. */
  readonly #unread: Segment[] = [];
  /** That stay for the next run although their packets were taken. */
  readonly #left: Segment[] = [];
  /** The last one that is not read yet, while it is written. */
  #written: Segment | undefined;
  #older = 0;

  /**
   * @param where the folder, for people
   * @param limitBytes of all of them
   */
  constructor(maker: SegmentMaker, where: string, limitBytes: number) {
    this.#maker = maker;
    this.#where = where;
    this.#segmentBytes = Math.min(LONGEST_SEGMENT_BYTES, limitBytes / LEAST_SEGMENTS);
  }

  /** The first one with packets that were not taken. */
  get first(): Segment | undefined {
    return this.#unread[0];
  }

  /** The first one of which some packets were taken, and some were not. */
  get begun(): Segment | undefined {
    return this.#unread.find(({ isBegun }) => isBegun);
  }

  get isEmpty(): boolean {
    return this.#unread.length + this.#taken.length === 0;
  }

  /** There are some of earlier runs with packets that were not taken. */
  get hasOlder(): boolean {
    return this.#older > 0;
  }

  /** Begins with what earlier runs have left. */
  takeUp(older: readonly Segment[]): void {
    this.#unread.push(...older);
    this.#older = older.length;
    this.byteLength = older.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Puts segments before all others that were not taken. */
  putFirst(segments: readonly Segment[]): void {
    this.#unread.unshift(...segments);
  }

  /** The file at the end that takes so many bytes of this link. */
  async fileFor(link: Link, bytes: number): Promise<SpoolFile> {
    if (this.#written) {
      const isFull = this.#written.byteLength + bytes > this.#segmentBytes;
      const known = this.#written.fileOf(link);
      if (known && !isFull) return known;
      if (isFull || this.#written.fileCount >= MOST_FILES) {
        await this.#written.release();
        this.#written = undefined;
      }
    }
    const segment = this.#written ?? this.#maker.last();
    const file = await this.addFile(segment, link);
    if (!this.#written) this.#unread.push(segment);
    this.#written = segment;
    return file;
  }

  async addFile(segment: Segment, link: Link): Promise<SpoolFile> {
    const file = await this.#maker.addFile(segment, link);
    this.byteLength += file.byteLength;
    return file;
  }

  isWritten(segment: Segment): boolean {
    return segment === this.#written;
  }

  /** Nothing is added any more to what was written last. */
  async seal(): Promise<void> {
    const segment = this.#written;
    this.#written = undefined;
    await segment?.release();
  }

  /** All packets of the first segment have been taken, or can't be. */
  finish(segment: Segment): void {
    this.#unread.shift();
    this.#taken.push(segment);
    this.#finished.push(segment);
    if (segment.isOlder) this.#older--;
  }

  /** Removes those whose packets were all taken, and whose messages up to this number have settled. */
  async removeTaken(settled = Infinity): Promise<void> {
    for (let segment; (segment = this.#taken[0]);) {
      if (segment.lastMessage > settled) break;
      this.#taken.shift();
      await this.remove(segment);
    }
  }

  /** Closes the files of those whose packets were all taken: what is only waited for needs no descriptor. */
  async releaseFinished(): Promise<void> {
    for (const segment of this.#finished.splice(0)) await segment.release();
  }

  /** Leaves for the next run those of whose packets some were taken, or all; which they are. */
  leaveTaken(): Segment[] {
    const kept = [...this.#taken, ...this.#unread.filter(({ isBegun }) => isBegun)];
    this.#left.push(...this.#taken.splice(0));
    return kept;
  }

  async remove(segment: Segment): Promise<void> {
    this.byteLength -= segment.byteLength;
    await segment.remove().catch((error: unknown) => {
      throw spoolError(this.#where, error);
    });
  }

  /** Closes all files. */
  async close(): Promise<void> {
    for (const segments of [this.#unread, this.#taken, this.#left])
      for (const segment of segments.splice(0)) await segment.release();
    this.#written = undefined;
  }
}
