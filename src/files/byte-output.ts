import { close, constants, fstatSync, openSync, statSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { addon } from '../addon.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import { openOutputFile } from './output-file.js';

/** Where bytes go: standard output or a file, whatever kind it is. */
export interface ByteOutput {
  /**
   * Resolves when all bytes were written. Throws OutputClosed where nobody reads any more, or has not read everything
   * when `giveUp` is aborted, and a UserError where the write failed.
   */
  write(bytes: Buffer, giveUp: AbortSignal): Promise<void>;
  /** Calls `listener` once nobody reads any more, also while nothing is written. */
  onReaderLeft(listener: () => void): void;
  close(): Promise<void>;
}

/** Thrown by a write that nobody took to its end. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
  /** How many of the bytes were written. */
  readonly bytesWritten: number;

  constructor(bytesWritten: number) {
    super('nobody reads the output any more');
    this.bytesWritten = bytesWritten;
  }
}

const STANDARD_OUTPUT = 1;
/** What is given to a pipe at once: as much as it usually holds. */
const CHUNK_BYTES = 64 * 1024;
/** How often it is looked whether the reader is still there. */
const WATCH_MS = 200;

/** Standard output, for packets or lines. */
export function openStandardOutput(): ByteOutput {
  const stat = fstatSync(STANDARD_OUTPUT);
  if (stat.isFIFO()) return new StreamOutput('standard output', reopenedPipe());
  if (stat.isSocket()) return new StreamOutput('standard output', STANDARD_OUTPUT);
  return new FileOutput('standard output', STANDARD_OUTPUT, () => Promise.resolve());
}

/** A new file, or one that is overwritten (`openOutputFile`); a named pipe once somebody reads it. */
export async function openFile(path: string, giveUp: AbortSignal): Promise<ByteOutput> {
  for (;;) {
    try {
      const fd = await openOutputFile(path);
      // Not a FileHandle: it would close the descriptor when it is collected.
      return fstatSync(fd).isFIFO()
        ? new StreamOutput(path, fd)
        : new FileOutput(path, fd, promisify(close));
    } catch (error) {
      // A named pipe without a reader; opening it in the usual way would block a thread of Node's.
      const waits = codeOf(error) === 'ENXIO' && statSync(path).isFIFO();
      if (!waits || giveUp.aborted) throw writeError(path, error);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * The same pipe, opened anew: it does not block here and still blocks for whoever shares the old one. A write to a
 * stalled reader then leaves the process able to end.
 */
function reopenedPipe(): number | undefined {
  try {
    return openSync(`/proc/self/fd/${STANDARD_OUTPUT}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENXIO') return undefined; // the reader has left already
    throw writeError('standard output', error);
  }
}

function writeError(name: string, error: unknown): UserError {
  return error instanceof UserError
    ? error
    : new UserError(`write ${name}`, messageOf(error).replace(/, [a-z]+( .*)?$/, ''));
}

class FileOutput implements ByteOutput {
  readonly #name: string;
  readonly #fd: number;
  readonly #close: (fd: number) => Promise<void>;
  #closed = false;

  constructor(name: string, fd: number, close: (fd: number) => Promise<void>) {
    this.#name = name;
    this.#fd = fd;
    this.#close = close;
  }

  onReaderLeft(): void {
    // A file has no reader that could leave.
  }

  async write(bytes: Buffer): Promise<void> {
    // The descriptor may be another file's by now.
    if (this.#closed) throw new OutputClosed(0);
    try {
      for (let written = 0; written < bytes.length;)
        written += (await promisify(write)(this.#fd, bytes, written)).bytesWritten;
    } catch (error) {
      throw writeError(this.#name, error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#close(this.#fd);
  }
}

class StreamOutput implements ByteOutput {
  readonly #name: string;
  readonly #fd: number | undefined;
  readonly #socket: Socket | undefined;
  #watch: NodeJS.Timeout | undefined;

  /** @param fd undefined where the reader had left before the output could be opened */
  constructor(name: string, fd: number | undefined) {
    this.#name = name;
    this.#fd = fd;
    this.#socket =
      fd === undefined ? undefined : new Socket({ fd, readable: false, writable: true });
    // Each write hears of its own failure.
    this.#socket?.on('error', () => undefined);
  }

  onReaderLeft(listener: () => void): void {
    this.#watch = setInterval(() => {
      if (!this.#hasLeft()) return;
      clearInterval(this.#watch);
      listener();
    }, WATCH_MS);
    this.#watch.unref();
  }

  async write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    let written = 0;
    const onGiveUp = () => this.#socket?.destroy();
    if (giveUp.aborted) onGiveUp();
    giveUp.addEventListener('abort', onGiveUp, { once: true });
    try {
      while (written < bytes.length) {
        const chunk = bytes.subarray(written, written + CHUNK_BYTES);
        await this.#writeChunk(chunk);
        written += chunk.length;
      }
    } catch (error) {
      if (isClosed(error)) throw new OutputClosed(written);
      throw writeError(this.#name, error);
    } finally {
      giveUp.removeEventListener('abort', onGiveUp);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.end(resolve);
    });
  }

  #hasLeft(): boolean {
    // A destroyed socket's descriptor may be something else's by now.
    return this.#fd === undefined || this.#socket?.destroyed === true || addon.readerLeft(this.#fd);
  }

  async #writeChunk(chunk: Buffer): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.destroyed) throw new OutputClosed(0);
    await new Promise<void>((resolve, reject) => {
      // A socket that is destroyed under a write calls back without an error as well.
      socket.write(chunk, (error) => {
        if (error) reject(error);
        else if (socket.destroyed) reject(new OutputClosed(0));
        else resolve();
      });
    });
  }
}

function isClosed(error: unknown): boolean {
  return (
    error instanceof OutputClosed ||
    ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(codeOf(error) ?? '')
  );
}
