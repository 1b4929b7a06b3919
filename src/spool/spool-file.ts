import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { MAX_SNAP_LENGTH, type Link, type PacketBatch } from '../packet/packet-batch.js';
import { codeOf } from '../errors/user-error.js';
import { encodeFileHeader, FILE_HEADER_BYTES } from '../pcap/file-header.js';
import { PcapDecoder } from '../pcap/pcap-decoder.js';

const CHUNK_BYTES = 1024 * 1024;
/** Nobody but the user who spools may read what was captured. */
const OWNER_ONLY = 0o600;

/** One file of a spool: an ordinary pcap file that is written at its end while it is read from its beginning. */
export class SpoolFile {
  readonly path: string;
  /** Name of the interface that its packets were captured on; a pcap file can't hold it. */
  readonly interface: string | undefined;
  #file: FileHandle;
  readonly #link: Link | undefined;
  readonly #decoder = new PcapDecoder();
  #byteLength: number;
  #header: Buffer | undefined;
  #readTo = 0;
  #chunk: PacketBatch | undefined;
  #problem: 'cut off' | 'damaged' | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    options: { interface: string | undefined; link?: Link; byteLength: number },
  ) {
    this.path = path;
    this.#file = file;
    this.interface = options.interface;
    this.#link = options.link;
    this.#byteLength = options.byteLength;
  }

  /** A new file; never what somebody else has put there, be it a file or a link. */
  static async create(path: string, link: Link): Promise<SpoolFile> {
    const { O_CREAT, O_EXCL, O_RDWR } = constants;
    const file = await open(path, O_RDWR | O_CREAT | O_EXCL, OWNER_ONLY);
    try {
      const header = encodeFileHeader({ ...link, snapLength: MAX_SNAP_LENGTH });
      await writeWhole(file, header, 0);
      return new SpoolFile(path, file, {
        interface: link.interface,
        link,
        byteLength: header.length,
      });
    } catch (error) {
      await file.close();
      await rm(path);
      throw error;
    }
  }

  /** A file that an earlier run has left; undefined where it is not this user's own regular file. */
  static async openLeft(path: string, name: string | undefined): Promise<SpoolFile | undefined> {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
    const file = await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
      if (codeOf(error) === 'ELOOP') return undefined; // a link that somebody has planted
      throw error;
    });
    if (!file) return undefined;
    const stat = await file.stat();
    if (!stat.isFile() || stat.uid !== process.geteuid?.()) {
      await file.close();
      return undefined;
    }
    return new SpoolFile(path, file, { interface: name, byteLength: stat.size });
  }

  /** Written by this run, as opposed to an earlier one. */
  get own(): boolean {
    return this.#link !== undefined;
  }

  /** Packets of this link may be added. */
  holds({ linkType, precision, interface: name }: Link): boolean {
    const link = this.#link;
    return link?.linkType === linkType && link.precision === precision && link.interface === name;
  }

  /** Its length on disk. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** All of its packets have been taken. */
  get isRead(): boolean {
    return this.#readTo >= this.#byteLength;
  }

  /** Adds packets of the file's link; throws, with the file as it was, where the disk does not take them. */
  async append({ bytes }: PacketBatch): Promise<void> {
    try {
      await writeWhole(this.#file, bytes, this.#byteLength);
      this.#byteLength += bytes.length;
    } catch (error) {
      await this.#file.truncate(this.#byteLength);
      throw error;
    }
  }

  /** Why the rest of it could not be read, and counts as read. */
  get problem(): 'cut off' | 'damaged' | undefined {
    return this.#problem;
  }

  /**
   * The next packets that were not taken, the same ones until take() says otherwise; undefined where there are none.
   * The memory is the caller's.
   */
  async next(): Promise<PacketBatch | undefined> {
    if (this.#chunk) return this.#chunk;
    for (let wanted = CHUNK_BYTES; !this.isRead;) {
      const left = this.#byteLength - this.#readTo;
      const bytes = await this.#read(this.#readTo, Math.min(left, wanted));
      const decoded = this.#decoder.decode(bytes);
      this.#header ??= Buffer.from(bytes.subarray(0, FILE_HEADER_BYTES));
      this.#chunk = decoded.batch && this.#named(decoded.batch);
      this.#readTo += decoded.consumed - (decoded.batch?.bytes.length ?? 0);
      if (this.#chunk) return this.#chunk;
      if (decoded.consumed === left) break;
      if (decoded.problem !== undefined) this.#giveUp('damaged');
      else if (bytes.length === left) this.#giveUp('cut off');
      wanted = bytes.length + decoded.wanted;
    }
    return undefined;
  }

  /** So many bytes of what next() gave need not come again: whole packets. */
  take(byteLength: number): void {
    const chunk = this.#chunk;
    if (!chunk || byteLength === 0) return;
    this.#readTo += byteLength;
    this.#chunk = undefined;
  }

  /** Removes from the file what was taken. */
  async dropTaken(): Promise<void> {
    if (this.#readTo <= FILE_HEADER_BYTES || !this.#header) return;
    const shorter = `${this.path}.new`;
    await rm(shorter, { force: true });
    const { O_CREAT, O_EXCL, O_RDWR } = constants;
    const to = await open(shorter, O_RDWR | O_CREAT | O_EXCL, OWNER_ONLY);
    try {
      await this.#copyRest(this.#header, to);
      await rename(shorter, this.path);
    } catch (error) {
      await to.close();
      await rm(shorter, { force: true });
      throw error;
    }
    await this.#file.close();
    this.#file = to;
    this.#byteLength -= this.#readTo - FILE_HEADER_BYTES;
    this.#readTo = FILE_HEADER_BYTES;
    this.#chunk = undefined;
  }

  async #copyRest(header: Buffer, to: FileHandle): Promise<void> {
    let written = await writeWhole(to, header, 0);
    for (let at = this.#readTo; at < this.#byteLength;) {
      const bytes = await this.#read(at, Math.min(this.#byteLength - at, CHUNK_BYTES));
      if (bytes.length === 0) throw new Error(`${this.path} has become shorter`);
      written += await writeWhole(to, bytes, written);
      at += bytes.length;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Removes it, unless there may be something in it that somebody else can read. */
  async remove(): Promise<void> {
    await this.close();
    if (this.#problem === 'damaged') await rename(this.path, `${this.path}.damaged`);
    else await rm(this.path, { force: true });
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#file.read(bytes, 0, length, position);
    return bytes.subarray(0, bytesRead);
  }

  #giveUp(problem: 'cut off' | 'damaged'): void {
    this.#problem = problem;
    this.#readTo = this.#byteLength;
  }

  #named(batch: PacketBatch): PacketBatch {
    const name = this.interface;
    return name === undefined ? batch : { ...batch, link: { ...batch.link, interface: name } };
  }
}

/** Writes all the bytes at a place; their number. */
async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<number> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    done += (await file.write(bytes, done, left, position + done)).bytesWritten;
  }
  return bytes.length;
}
