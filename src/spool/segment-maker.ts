import type { Logger } from 'pino';
import { codeOf } from '../errors/user-error.js';
import type { Link } from '../packet/packet-batch.js';
import { Segment } from './segment.js';
import { SpoolFile } from './spool-file.js';
import type { FolderContent, SpoolFolder } from './spool-folder.js';

/** Numbers below those of what is spooled stay free for what must be sent before it. */
const FIRST_NUMBER = 500_000_000_000;

/** Makes the segments of a spool and their files. Segments are sent in the order of their numbers. */
export class SegmentMaker {
  readonly #folder: SpoolFolder;
  readonly #log: Logger;
  /** No file has a number below this one, and none one above the other. */
  #firstNumber = FIRST_NUMBER;
  #lastNumber = FIRST_NUMBER - 1;

  constructor(folder: SpoolFolder, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The segments that earlier runs have left; new ones get other numbers. */
  leftIn({ files, lastNumber }: FolderContent): Segment[] {
    const byNumber = new Map<number, SpoolFile[]>();
    for (const found of files) {
      const others = byNumber.get(found.number);
      if (others) others.push(SpoolFile.left(found));
      else byNumber.set(found.number, [SpoolFile.left(found)]);
    }
    this.#firstNumber = Math.min(this.#firstNumber, files[0]?.number ?? Infinity);
    this.#lastNumber = Math.max(this.#lastNumber, lastNumber);
    return [...byNumber].map(([number, ofSegment]) => new Segment(number, ofSegment));
  }

  /** A new segment behind all others. */
  last(): Segment {
    return new Segment(this.nextNumber());
  }

  /** So many new segments before all others, in their order. */
  first(count: number): Segment[] {
    this.#firstNumber -= count;
    return Array.from({ length: count }, (_, index) => new Segment(this.#firstNumber + index));
  }

  /** Never a number that was there before: its file may just be going. */
  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** A new file in a segment; in a new folder where somebody has removed the old one. */
  async addFile(segment: Segment, link: Link): Promise<SpoolFile> {
    const name = {
      number: segment.number,
      index: segment.fileCount + 1,
      interface: link.interface,
    };
    const create = async () => SpoolFile.create(await this.#folder.place(name), link);
    const file = await create().catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#log.warn(`spool: ${this.#folder.path} is gone; creating it again`);
      await this.#folder.make();
      return create();
    });
    segment.add(link, file);
    return file;
  }
}
