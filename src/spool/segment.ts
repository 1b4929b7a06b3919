import type { Link, PacketBatch } from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32, recordLength } from '../packet/record.js';
import type { SpoolFile } from './spool-file.js';

/** Descriptors that one segment takes at most. */
export const MOST_FILES = 256;

/** Bytes that are read at once, over all files of a segment. */
const READ_BYTES = 1024 * 1024;
const LEAST_READ_BYTES = 16 * 1024;
/** By so much a packet may be sent before an older one of another link: a live batch spans as long. */
const TOLERANCE_NS = 50e6;

/**
 * What was spooled in one stretch, a file for each link. Packets of one link come back in the order in which they were
 * put in; those of several links in the order of their times, but for a short tolerance: so they come in runs.
 */
export class Segment {
  readonly number: number;
  /** Its files are of an earlier run. */
  readonly isOlder: boolean;
  readonly #files: SpoolFile[];
  readonly #byLink = new Map<string, SpoolFile>();
  /** Where next() found what it gave. */
  #given: { readonly file: SpoolFile; readonly batch: PacketBatch } | undefined;
  #messages = { first: Infinity, last: 0 };

  constructor(number: number, files: readonly SpoolFile[] = []) {
    this.number = number;
    this.isOlder = files.length > 0;
    this.#files = [...files];
  }

  get fileCount(): number {
    return this.#files.length;
  }

  /** Its length on disk. */
  get byteLength(): number {
    return this.#sum(({ byteLength }) => byteLength);
  }

  /** Packets that this run has put in and that were not taken. */
  get packets(): number {
    return this.#sum(({ packets }) => packets);
  }

  get isRead(): boolean {
    return this.#files.every(({ isRead }) => isRead);
  }

  get isBegun(): boolean {
    return this.#files.some(({ isBegun }) => isBegun);
  }

  /** Number of the last message that was made of its packets. */
  get lastMessage(): number {
    return this.#messages.last;
  }

  /** Whether a message was made of one of its packets. */
  holdsMessage(number: number): boolean {
    return number >= this.#messages.first && number <= this.#messages.last;
  }

  /** The file that takes packets of this link. */
  fileOf(link: Link): SpoolFile | undefined {
    return this.#byLink.get(keyOf(link));
  }

  add(link: Link, file: SpoolFile): void {
    this.#files.push(file);
    this.#byLink.set(keyOf(link), file);
  }

  /**
   * The next packets that were not taken, the same until take() says otherwise; undefined where there are none.
   *
   * @param onProblem told of each file that could not be read to its end
   */
  async next(onProblem: (file: SpoolFile) => void): Promise<PacketBatch | undefined> {
    this.#given ??= await this.#choose(onProblem);
    return this.#given?.batch;
  }

  /** Packets at the beginning of what next() gave have become the messages of these numbers. */
  take(
    byteLength: number,
    packets: number,
    messages: { readonly first: number; readonly last: number },
  ): void {
    this.#given?.file.take(byteLength, packets);
    this.#given = undefined;
    this.#messages = {
      first: Math.min(this.#messages.first, messages.first),
      last: Math.max(this.#messages.last, messages.last),
    };
  }

  /** It is neither written nor read for now. */
  async release(): Promise<void> {
    for (const file of this.#files) await file.release();
  }

  /** Removes from its files what was taken. */
  async dropTaken(): Promise<void> {
    this.#given = undefined;
    for (const file of this.#files)
      if (file.isRead) await file.remove();
      else await file.dropTaken();
  }

  async remove(): Promise<void> {
    for (const file of this.#files) await file.remove();
  }

  async #choose(
    onProblem: (file: SpoolFile) => void,
  ): Promise<{ file: SpoolFile; batch: PacketBatch } | undefined> {
    const unread = this.#files.filter(({ isRead }) => !isRead);
    const bytesAtOnce = Math.max(LEAST_READ_BYTES, Math.floor(READ_BYTES / unread.length));
    let first: { file: SpoolFile; batch: PacketBatch; time: number } | undefined;
    let othersFrom = Infinity;
    for (const file of unread) {
      const batch = file.ready ?? (await file.next(bytesAtOnce));
      if (file.problem) onProblem(file);
      if (!batch) continue;
      const time = timeOf(batch, 0);
      if (!first || time < first.time) {
        othersFrom = first?.time ?? Infinity;
        first = { file, batch, time };
      } else {
        othersFrom = Math.min(othersFrom, time);
      }
    }
    return (
      first && { file: first.file, batch: packetsUntil(first.batch, othersFrom + TOLERANCE_NS) }
    );
  }

  #sum(of: (file: SpoolFile) => number): number {
    return this.#files.reduce((sum, file) => sum + of(file), 0);
  }
}

/** What keeps the packets of two links in files of their own. */
export function keyOf({ linkType, precision, interface: name }: Link): string {
  return `${linkType}/${precision}/${name ?? ''}`;
}

/** The first packet, and those that follow it up to the first that is later than that. */
function packetsUntil(batch: PacketBatch, timeNs: number): PacketBatch {
  if (timeNs === Infinity) return batch;
  const { bytes, link } = batch;
  let [count, end] = [0, 0];
  while (end < bytes.length && (count === 0 || timeOf(batch, end) <= timeNs)) {
    end += recordLength(bytes, end);
    count++;
  }
  return { bytes: bytes.subarray(0, end), count, link };
}

/** Nanoseconds since 1970, to within a microsecond. */
function timeOf({ bytes, link }: PacketBatch, at: number): number {
  const fraction = readUint32(bytes, at + FRACTION_OFFSET);
  return readUint32(bytes, at) * 1e9 + fraction * (link.precision === 'nano' ? 1 : 1000);
}
