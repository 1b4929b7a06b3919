import { constants, openSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { systemError, type Place } from '../errors/system-error.js';
import type { UserError } from '../errors/user-error.js';
import { refuseClosed } from './closed-descriptors.js';

/** Bytes of a file or a stream. */
export interface ByteInput {
  /** Reads into `into` from `offset` on; the number of bytes, 0 at the end and after close(). */
  read(into: Buffer, offset: number): Promise<number>;
  /** Of a file: how many bytes of it have been read, and how many it had when it was opened. */
  readonly extent?: { readonly read: number; readonly all: number };
  close(): Promise<void>;
}

/** Opens a file, a named pipe, or with `-` standard input. */
export async function openByteInput(path: string): Promise<ByteInput> {
  if (path === '-') {
    refuseClosed(0);
    return new StreamInput(process.stdin);
  }
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw new Error('it is a directory');
    return kind.isFIFO() || kind.isSocket()
      ? new StreamInput(pipe(path))
      : new FileInput(await open(path), kind.size);
  } catch (error) {
    throw readError(path, error);
  }
}

/**
 * A named pipe, opened without blocking: one that nobody writes to would hold a thread of Node's for ever. (A
 * FileHandle would close its descriptor under the socket when it is collected.)
 */
function pipe(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

const CAPTURE_FILE: Place = {
  named: { verb: 'name', noun: 'file with -r' },
  use: 'read',
  missing: 'check its path',
};

/** The error for a file that can't be opened or read. */
export function readError(path: string, error: unknown): UserError {
  return systemError(`read ${nameOf(path)}`, error, CAPTURE_FILE);
}

/** What messages call the file. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

class FileInput implements ByteInput {
  readonly #file: FileHandle;
  readonly #size: number;
  #read = 0;
  #closed = false;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  get extent(): NonNullable<ByteInput['extent']> {
    return { read: this.#read, all: this.#size };
  }

  async read(into: Buffer, offset: number): Promise<number> {
    if (this.#closed) return 0;
    const { bytesRead } = await this.#file.read(into, offset);
    this.#read += bytesRead;
    return bytesRead;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#file.close();
  }
}

class StreamInput implements ByteInput {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(into: Buffer, offset: number): Promise<number> {
    if (this.#rest.length === 0) {
      const chunk = await this.#nextChunk();
      if (!chunk) return 0;
      this.#rest = chunk;
    }
    const bytes = this.#rest.copy(into, offset);
    this.#rest = this.#rest.subarray(bytes);
    return bytes;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stream.destroy();
    return Promise.resolve();
  }

  async #nextChunk(): Promise<Buffer | undefined> {
    try {
      const next = await this.#chunks.next();
      return next.done === true ? undefined : next.value;
    } catch (error) {
      // Destroying the stream under a read is how a stop ends it.
      if (this.#closed) return undefined;
      throw error;
    }
  }
}
