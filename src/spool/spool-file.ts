import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { MAX_SNAP_LENGTH, type Link, type PacketBatch } from '../packet/packet-batch.js';
import { shortage, systemCause } from '../errors/system-error.js';
import { codeOf } from '../errors/user-error.js';
import { encodeFileHeader, FILE_HEADER_BYTES } from '../pcap/file-header.js';
import { PcapDecoder } from '../pcap/pcap-decoder.js';
import { isOwnFile, removeBeside, type FoundFile } from './spool-folder.js';

const COPY_BYTES = 1024 * 1024;
/** Nobody but the user who spools may read what was captured. */
const OWNER_ONLY = 0o600;

/** Why the rest of a file could not be read, and counts as read. */
export type FileProblem =
  | { readonly kind: 'cut off' | 'damaged' | 'gone' | 'foreign' }
  | { readonly kind: 'unreadable'; readonly cause: string };

/**
 * One file of a spool: an ordinary pcap file of one link, first written at its end, then read from its beginning. It is
 * open only meanwhile.
 */
export class SpoolFile {
  readonly path: string;
  /** Name of the interface that its packets were captured on; a pcap file can't hold it. */
  readonly interface: string | undefined;
  /** Written by this run, as opposed to an earlier one. */
  readonly own: boolean;
  #file: FileHandle | undefined;
  readonly #decoder = new PcapDecoder();
  #byteLength: number;
  #packets = 0;
  #header: Buffer | undefined;
  #readTo = 0;
  /** What was read and not taken; it begins at #readTo. */
  #chunk: PacketBatch | undefined;
  #problem: FileProblem | undefined;

  private constructor(found: Omit<FoundFile, 'number' | 'index'>, file?: FileHandle) {
    this.path = found.path;
    this.interface = found.interface;
    this.own = file !== undefined;
    this.#file = file;
    this.#byteLength = found.byteLength;
  }

  /** A new file; never what somebody else has put there, be it a file or a link. */
  static async create(path: string, link: Link): Promise<SpoolFile> {
    const { O_CREAT, O_EXCL, O_RDWR } = constants;
    const file = await open(path, O_RDWR | O_CREAT | O_EXCL, OWNER_ONLY);
    try {
      const header = encodeFileHeader({ ...link, snapLength: MAX_SNAP_LENGTH });
      await writeWhole(file, header, 0);
      return new SpoolFile({ path, interface: link.interface, byteLength: header.length }, file);
    } catch (error) {
      await file.close();
      await rm(path);
      throw error;
    }
  }

  /** A file that an earlier run has left. */
  static left(found: FoundFile): SpoolFile {
    return new SpoolFile(found);
  }

  /** Its length on disk. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Packets that this run has put in and that were not taken. */
  get packets(): number {
    return this.#packets;
  }

  /** All of its packets have been taken. */
  get isRead(): boolean {
    return this.#readTo >= this.#byteLength;
  }

  /** Part of it has been taken. */
  get isBegun(): boolean {
    return this.#readTo > FILE_HEADER_BYTES;
  }

  get problem(): FileProblem | undefined {
    return this.#problem;
  }

  /** Adds packets of the file's link; throws, with the file as it was, where the disk does not take them. */
  async append({ bytes, count }: PacketBatch): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error(`${this.path} is no longer written`);
    try {
      await writeWhole(file, bytes, this.#byteLength);
    } catch (error) {
      await file.truncate(this.#byteLength).catch(() => undefined);
      throw error;
    }
    this.#byteLength += bytes.length;
    this.#packets += count;
  }

  /** What next() would give at once. */
  get ready(): PacketBatch | undefined {
    return this.#chunk;
  }

  /**
   * The next packets that were not taken, from about as many bytes; undefined where there are none. Throws where the
   * system can't open one more file now.
   */
  async next(bytesAtOnce: number): Promise<PacketBatch | undefined> {
    if (this.#chunk || this.isRead) return this.#chunk;
    try {
      this.#file ??= await this.#reopened();
      if (this.#file) this.#chunk = await this.#read(this.#file, bytesAtOnce);
    } catch (error) {
      if (shortage(error)) throw error;
      this.#giveUp(
        codeOf(error) === 'ENOENT'
          ? { kind: 'gone' }
          : { kind: 'unreadable', cause: systemCause(error) },
      );
    }
    return this.#chunk;
  }

  /** Whole packets at the beginning of what next() gave need not come again. */
  take(byteLength: number, packets: number): void {
    if (!this.#chunk) return;
    const { bytes, count, link } = this.#chunk;
    this.#readTo += byteLength;
    if (this.own) this.#packets -= packets;
    this.#chunk =
      byteLength < bytes.length
        ? { bytes: bytes.subarray(byteLength), count: count - packets, link }
        : undefined;
  }

  /** It is neither written nor read for now. */
  async release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Removes from the file what was taken. */
  async dropTaken(): Promise<void> {
    if (!this.isBegun || this.isRead || !this.#header) return;
    const from = this.#file ?? (await this.#reopened());
    if (!from) return;
    this.#file = from;
    const shorter = `${this.path}.new`;
    await rm(shorter, { force: true });
    const { O_CREAT, O_EXCL, O_RDWR } = constants;
    const to = await open(shorter, O_RDWR | O_CREAT | O_EXCL, OWNER_ONLY);
    try {
      await this.#copyRest(from, this.#header, to);
      await rename(shorter, this.path);
    } catch (error) {
      await rm(shorter, { force: true });
      throw error;
    } finally {
      await to.close();
    }
    await this.release();
    this.#byteLength -= this.#readTo - FILE_HEADER_BYTES;
    this.#readTo = FILE_HEADER_BYTES;
    this.#chunk = undefined;
  }

  /** Removes it, unless there may be something in it that somebody else can read. */
  async remove(): Promise<void> {
    await this.release();
    const kind = this.#problem?.kind;
    if (kind === 'foreign' || kind === 'unreadable') return;
    if (kind === 'damaged') {
      await rename(this.path, `${this.path}.damaged`).catch(ignoreMissing);
      return;
    }
    await rm(this.path, { force: true });
    await removeBeside(this.path);
  }

  async #reopened(): Promise<FileHandle | undefined> {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    const file = await open(this.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
      (error: unknown) => {
        if (codeOf(error) === 'ELOOP') return undefined; // a link that somebody has planted
        throw error;
      },
    );
    if (file && isOwnFile(await file.stat())) return file;
    await file?.close();
    this.#giveUp({ kind: 'foreign' });
    return undefined;
  }

  async #read(file: FileHandle, bytesAtOnce: number): Promise<PacketBatch | undefined> {
    for (let wanted = bytesAtOnce; !this.isRead;) {
      const left = this.#byteLength - this.#readTo;
      const bytes = await readAt(file, this.#readTo, Math.min(left, wanted));
      const isEnd = bytes.length < Math.min(left, wanted) || bytes.length === left;
      const decoded = this.#decoder.decode(bytes);
      this.#header ??= Buffer.from(bytes.subarray(0, FILE_HEADER_BYTES));
      this.#readTo += decoded.consumed - (decoded.batch?.bytes.length ?? 0);
      if (decoded.batch) return this.#named(decoded.batch);
      if (decoded.consumed === left) break;
      if (decoded.problem !== undefined) this.#giveUp({ kind: 'damaged' });
      else if (isEnd) this.#giveUp({ kind: 'cut off' });
      wanted = bytes.length + decoded.wanted;
    }
    return undefined;
  }

  async #copyRest(from: FileHandle, header: Buffer, to: FileHandle): Promise<void> {
    let written = await writeWhole(to, header, 0);
    for (let at = this.#readTo; at < this.#byteLength;) {
      const bytes = await readAt(from, at, Math.min(this.#byteLength - at, COPY_BYTES));
      if (bytes.length === 0) throw new Error(`${this.path} has become shorter`);
      written += await writeWhole(to, bytes, written);
      at += bytes.length;
    }
  }

  #giveUp(problem: FileProblem): void {
    this.#problem = problem;
    this.#readTo = this.#byteLength;
  }

  #named(batch: PacketBatch): PacketBatch {
    const name = this.interface;
    return name === undefined ? batch : { ...batch, link: { ...batch.link, interface: name } };
  }
}

/** What is said about a file that can't be read to its end. */
export function problemText(path: string, problem: FileProblem): string {
  switch (problem.kind) {
    case 'cut off':
      return `the last packet of ${path} is cut off: its run was killed`;
    case 'damaged':
      return `the rest of ${path} can't be read; it is kept as ${path}.damaged`;
    case 'gone':
      return `${path} has gone: somebody has removed it`;
    case 'foreign':
      return `${path} is ignored: it is not this user's own file`;
    case 'unreadable':
      return `${path} can't be read, and is left there: ${problem.cause}`;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** Writes all the bytes at a place; their number. */
async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<number> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    done += (await file.write(bytes, done, left, position + done)).bytesWritten;
  }
  return bytes.length;
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
