import type { Logger } from 'pino';
import { frameBytes, packetsAfter, type Link, type PacketBatch } from '../packet/packet-batch.js';
import { codeOf } from '../errors/user-error.js';
import { SpoolFile } from './spool-file.js';
import { spoolError, type SpoolFolder } from './spool-folder.js';

/** Numbers below those of what is spooled stay free for what must be sent before it. */
const FIRST_NUMBER = 1_000_000;
const LONGEST_FILE_BYTES = 16 * 1024 * 1024;
/** So many files hold the whole spool at least: space comes back a file at a time. */
const LEAST_FILES = 16;

export interface SpoolOptions {
  /** Bytes on disk. */
  readonly limitBytes: number;
  /** Whether packets are to keep the name of their interface; otherwise those of several share a file. */
  readonly keepsInterface: boolean;
}

interface Entry {
  readonly number: number;
  readonly file: SpoolFile;
  /** Number of the last message that was made of its packets. */
  lastMessage: number;
}

/** Packets on disk, in the order in which they came: each stays until it is settled what became of it. */
export class Spool {
  readonly #folder: SpoolFolder;
  readonly #limitBytes: number;
  readonly #keepsInterface: boolean;
  readonly #log: Logger;
  readonly #entries: Entry[] = [];
  #lastNumber = FIRST_NUMBER - 1;
  #appending = false;
  #waiting = 0;
  #takenUp = 0;
  #takenUpBytes = 0;

  private constructor(folder: SpoolFolder, options: SpoolOptions, log: Logger) {
    this.#folder = folder;
    this.#limitBytes = options.limitBytes;
    this.#keepsInterface = options.keepsInterface;
    this.#log = log;
  }

  /** A spool that begins with what earlier runs have left in its folder. */
  static async open(folder: SpoolFolder, options: SpoolOptions, log: Logger): Promise<Spool> {
    const spool = new Spool(folder, options, log);
    for (const name of await folder.files()) {
      spool.#lastNumber = Math.max(spool.#lastNumber, name.number);
      const path = folder.pathOf(name);
      const file = await spool.#do(SpoolFile.openLeft(path, name.interface));
      if (file) spool.#entries.push({ number: name.number, file, lastMessage: 0 });
      else log.warn(`spool: ${path} is left alone: it is not this user's own file`);
    }
    return spool;
  }

  get where(): string {
    return this.#folder.path;
  }

  /** Bytes on disk. */
  get byteLength(): number {
    return this.#entries.reduce((sum, { file }) => sum + file.byteLength, 0);
  }

  /** There are packets that were not taken, or will be in a moment. */
  get hasPackets(): boolean {
    return this.#appending || this.#entries.some(({ file }) => !file.isRead);
  }

  /** There are files, though all of their packets may have been taken. */
  get hasFiles(): boolean {
    return this.#entries.length > 0;
  }

  /** There are packets of earlier runs that were not taken. */
  get hasOlder(): boolean {
    return this.#entries.some(({ file }) => !file.own && !file.isRead);
  }

  /** Packets that this run has put in and that were not taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Packets, and their captured bytes, of earlier runs that were taken. */
  get takenUp(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#takenUp, bytes: this.#takenUpBytes };
  }

  /** Adds packets at the end; false where the spool or the disk is full. A batch of any length fits into an empty one. */
  async append(batch: PacketBatch): Promise<boolean> {
    const { byteLength } = this;
    const link = this.#keepsInterface ? batch.link : { ...batch.link, interface: undefined };
    if (byteLength > 0 && byteLength + batch.bytes.length > this.#limitBytes) return false;
    this.#appending = true;
    try {
      const last = this.#entries.at(-1);
      const fits =
        last?.file.own === true &&
        last.file.byteLength + batch.bytes.length <= this.#fileBytes &&
        last.file.holds(link);
      const { file } = fits ? last : await this.#newFile(link);
      await file.append(batch);
      this.#waiting += batch.count;
      return true;
    } catch (error) {
      if (isFull(error)) return false;
      throw spoolError(this.where, error);
    } finally {
      this.#appending = false;
    }
  }

  /** The next packets that were not taken, the same until take() says otherwise. */
  async next(): Promise<PacketBatch | undefined> {
    for (const { file } of this.#entries) {
      if (file.isRead) continue;
      const batch = await this.#do(file.next());
      if (file.problem !== undefined) this.#say(file);
      if (batch) return batch;
    }
    return undefined;
  }

  /**
   * Says that the first `byteLength` bytes of what next() gave, whole packets, have become messages, the last of which
   * has the number `lastMessage`.
   */
  take(batch: PacketBatch, byteLength: number, lastMessage: number): void {
    const entry = this.#entries.find(({ file }) => !file.isRead);
    if (!entry || byteLength === 0) return;
    entry.file.take(byteLength);
    entry.lastMessage = lastMessage;
    const rest = packetsAfter(batch, byteLength);
    const packets = batch.count - rest.count;
    if (entry.file.own) {
      this.#waiting -= packets;
    } else {
      this.#takenUp += packets;
      this.#takenUpBytes += frameBytes(batch) - frameBytes(rest);
    }
  }

  /** Removes the files of which all packets were taken, and all messages up to this number settled. */
  async removeSettled(settled: number): Promise<void> {
    while (this.#entries[0]?.file.isRead === true) {
      const [{ file, lastMessage }] = this.#entries;
      const isWritten = this.#appending && this.#entries.length === 1;
      if (lastMessage > settled || isWritten) return;
      this.#entries.shift();
      await this.#do(file.remove());
    }
  }

  /**
   * Nothing is under way any more: leaves on disk what was not taken and, before it, these packets, whose messages were
   * taken back. False where the disk has no room for those.
   *
   * @param isComplete whether they are all whose messages were not delivered; if not, the files that were taken stay
   */
  async leave({
    withdrawn,
    isComplete,
  }: {
    readonly withdrawn: readonly PacketBatch[];
    readonly isComplete: boolean;
  }): Promise<boolean> {
    const taken = this.#entries.filter(({ file }) => file.isRead);
    const rest = this.#entries.filter(({ file }) => !file.isRead);
    const front = await this.#writeBefore(
      Math.min(this.#lastNumber + 1, ...this.#entries.map(({ number }) => number)),
      withdrawn,
    );
    // What was taken may be on disk here and nowhere else.
    if (!front) return false;
    this.#entries.splice(0, Infinity, ...front, ...(isComplete ? rest : this.#entries));
    if (!isComplete) return true;
    // Only now: whoever ends this process before that leaves packets twice, and none out.
    for (const { file } of taken) await this.#do(file.remove());
    // Without room for their copies they stay as they are: some packets come twice then, and none is lost.
    for (const { file } of rest)
      await file.dropTaken().catch((error: unknown) => {
        if (!isFull(error)) throw spoolError(this.where, error);
      });
    return true;
  }

  async close(): Promise<void> {
    for (const { file } of this.#entries.splice(0)) await file.close();
    this.#folder.close();
  }

  get #fileBytes(): number {
    return Math.min(LONGEST_FILE_BYTES, this.#limitBytes / LEAST_FILES);
  }

  async #newFile(link: Link): Promise<Entry> {
    // Never one that was there before: its file may just be going.
    const number = ++this.#lastNumber;
    const entry = { number, file: await this.#create(number, link), lastMessage: 0 };
    this.#entries.push(entry);
    return entry;
  }

  async #create(number: number, link: Link): Promise<SpoolFile> {
    return SpoolFile.create(this.#folder.pathOf({ number, interface: link.interface }), link);
  }

  /** Files of these packets with numbers below `number`; undefined where the disk is full. */
  async #writeBefore(
    number: number,
    batches: readonly PacketBatch[],
  ): Promise<Entry[] | undefined> {
    const entries: Entry[] = [];
    const lowest = number - batches.length;
    try {
      for (const [index, batch] of batches.entries()) {
        const file = await this.#create(lowest + index, batch.link);
        entries.push({ number: lowest + index, file, lastMessage: 0 });
        await file.append(batch);
      }
    } catch (error) {
      for (const { file } of entries) await file.remove();
      if (isFull(error)) return undefined;
      throw spoolError(this.where, error);
    }
    this.#waiting += batches.reduce((sum, { count }) => sum + count, 0);
    return entries;
  }

  #say({ path, problem }: SpoolFile): void {
    this.#log.warn(
      problem === 'damaged'
        ? `spool: the rest of ${path} can't be read; it is kept as ${path}.damaged`
        : `spool: the last packet of ${path} is cut off: its run was killed`,
    );
  }

  async #do<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw spoolError(this.where, error);
    }
  }
}

/** There is no room: on the disk, or for one more open file. */
function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes(codeOf(error) ?? '');
}
