import { close, constants, fstat, ftruncate, open, write } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from '../errors/user-error.js';
import { OutputClosed, WriteFailed, type ByteOutput } from './byte-output.js';

/** Packets are nobody's business but the user's. */
const OWNER_ONLY = 0o600;

/** A regular file that was not there before. */
export class NewFile implements ByteOutput {
  readonly path: string;
  readonly #fd: number;
  readonly #identity: { readonly dev: number; readonly ino: number };
  #bytes = 0;
  #closed = false;
  #failed = false;

  private constructor(path: string, fd: number, identity: { dev: number; ino: number }) {
    this.path = path;
    this.#fd = fd;
    this.#identity = identity;
  }

  /** Makes it, for its user alone; undefined where something has this name already, be it a link that leads nowhere. */
  static async create(path: string): Promise<NewFile | undefined> {
    const { O_CREAT, O_EXCL, O_WRONLY } = constants;
    try {
      const fd = await promisify(open)(path, O_WRONLY | O_CREAT | O_EXCL, OWNER_ONLY);
      return new NewFile(path, fd, await promisify(fstat)(fd));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return undefined;
      throw new WriteFailed(path, error, 0);
    }
  }

  /** Its length. */
  get bytes(): number {
    return this.#bytes;
  }

  onReaderLeft(): void {
    // A file has no reader that could leave.
  }

  async write(bytes: Buffer): Promise<void> {
    // The descriptor may be another file's by now; and nothing goes on behind what was cut off.
    if (this.#closed || this.#failed) throw new OutputClosed(0);
    let written = 0;
    try {
      while (written < bytes.length)
        written += await this.#writeAt(bytes.subarray(written), this.#bytes + written);
    } catch (error) {
      this.#failed = true;
      throw new WriteFailed(this.path, error, written);
    } finally {
      this.#bytes += written;
    }
  }

  /** Leaves of it so many bytes. */
  async cutTo(bytes: number): Promise<void> {
    if (this.#closed) return;
    await promisify(ftruncate)(this.#fd, bytes);
    this.#bytes = bytes;
  }

  async takeBack(bytes: number): Promise<void> {
    // What failed is told of already.
    await this.cutTo(this.#bytes - bytes).catch(() => undefined);
  }

  /** Throws a WriteFailed where the system has kept to itself until now that something was not written. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await promisify(close)(this.#fd);
    } catch (error) {
      throw new WriteFailed(this.path, error, 0);
    }
  }

  /** Removes it, unless somebody has done so, and perhaps put another one in its place; whether it was there. */
  async remove(): Promise<boolean> {
    try {
      const { dev, ino } = await lstat(this.path);
      if (dev !== this.#identity.dev || ino !== this.#identity.ino) return false;
      await unlink(this.path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw new WriteFailed(this.path, error, 0);
    }
  }

  async #writeAt(bytes: Buffer, position: number): Promise<number> {
    return (await promisify(write)(this.#fd, bytes, 0, bytes.length, position)).bytesWritten;
  }
}
