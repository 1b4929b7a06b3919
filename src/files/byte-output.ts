import { close, constants, fstat, fstatSync, ftruncate, openSync, statSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { addon } from '../addon/addon.js';
import { systemCause, systemRemedy, type Place } from '../errors/system-error.js';
import { codeOf, UserError } from '../errors/user-error.js';
import { refuseClosed } from './closed-descriptors.js';
import { ownDescriptor, openOutputFile } from './output-file.js';

const STANDARD_OUTPUT = 1;
const STANDARD_OUTPUT_NAME = 'standard output';

const NAMED_FILE: Place = {
  named: { verb: 'name', noun: 'file with -w' },
  use: 'write to',
  missing: 'make the folder that it is to be in',
};
const REDIRECTED: Place = {
  ...NAMED_FILE,
  named: { verb: 'redirect standard output to', noun: 'file' },
};

/** Where bytes go: standard output or a file, whatever kind it is. */
export interface ByteOutput {
  /**
   * Resolves when all bytes were written. Throws OutputClosed where nobody reads any more, or has not read everything
   * when `giveUp` is aborted, and WriteFailed where the write failed.
   */
  write(bytes: Buffer, giveUp: AbortSignal): Promise<void>;
  /** How many bytes a reader has taken until now, those of a write under way included; left out where there is none. */
  readonly bytesTaken?: number;
  /** Calls `listener` once nobody reads any more, also while nothing is written. */
  onReaderLeft(listener: () => void): void;
  /** Removes so many of the bytes that were written last, where that can be: half a packet makes a file look damaged. */
  takeBack?(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Thrown by a write that nobody took to its end. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
  /** How many of the bytes were written. */
  readonly bytesWritten: number;
  /** Whether it was given up: whoever reads may still be there, and only slow. */
  readonly isGivenUp: boolean;

  constructor(bytesWritten: number, isGivenUp = false) {
    super('nobody reads the output any more');
    this.bytesWritten = bytesWritten;
    this.isGivenUp = isGivenUp;
  }
}

/** Thrown by a write that failed: on a full disk, for example. */
export class WriteFailed extends UserError {
  /** How many of the bytes were written all the same. */
  readonly bytesWritten: number;
  /** What was written to. */
  readonly output: string;
  /** The system's error. */
  readonly reason: unknown;

  constructor(name: string, error: unknown, bytesWritten: number) {
    const place = name === STANDARD_OUTPUT_NAME ? REDIRECTED : NAMED_FILE;
    super(`write ${name}`, systemCause(error), { remedy: systemRemedy(error, place) });
    this.bytesWritten = bytesWritten;
    this.output = name;
    this.reason = error;
  }
}

/** What is given to a pipe at once: as much as it usually holds. */
const CHUNK_BYTES = 64 * 1024;
/** How often it is looked whether the reader is still there. */
const WATCH_MS = 200;

/** Standard output, for packets or lines. Throws a UserError where it was closed when kcap was started. */
export function openStandardOutput(): ByteOutput {
  refuseClosed(STANDARD_OUTPUT);
  return openDescriptor(STANDARD_OUTPUT_NAME, STANDARD_OUTPUT);
}

/** A new file, or one that is overwritten (`openOutputFile`); a named pipe once somebody reads it. */
export async function openFile(path: string, giveUp: AbortSignal): Promise<ByteOutput> {
  const descriptor = await ownDescriptor(path);
  if (descriptor === STANDARD_OUTPUT) {
    if (isatty(STANDARD_OUTPUT)) throw terminalError(path);
    return openStandardOutput();
  }
  for (;;) {
    try {
      const fd = await openOutputFile(path);
      if (isatty(fd)) {
        await promisify(close)(fd);
        throw terminalError(path);
      }
      // Not a FileHandle: it would close the descriptor when it is collected.
      return fstatSync(fd).isFIFO()
        ? new StreamOutput(path, fd)
        : new OwnFileOutput(path, fd, promisify(close));
    } catch (error) {
      if (descriptor !== undefined && isNotToBeOpened(error))
        return openDescriptor(path, descriptor);
      // A named pipe without a reader; opening it in the usual way would block a thread of Node's.
      const waits = codeOf(error) === 'ENXIO' && statSync(path).isFIFO();
      if (!waits || giveUp.aborted) throw writeError(path, error);
      await sleep(50);
    }
  }
}

function terminalError(path: string): UserError {
  return new UserError(`write ${path}`, 'it is a terminal, and packets are binary', {
    remedy: 'name a file, or leave -w out to see a line for each packet',
  });
}

/**
 * What the descriptor, which stays its owner's, stands for. A pipe is opened again: it does not block here and still
 * blocks for those who share the old one. A write to a stalled reader then leaves the process able to end.
 */
function openDescriptor(name: string, fd: number): ByteOutput {
  const stat = fstatSync(fd);
  if (stat.isSocket() || isatty(fd)) return new SharedOutput(name, fd);
  if (!stat.isFIFO()) return new FileOutput(name, fd, () => Promise.resolve());
  try {
    const anew = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new StreamOutput(name, anew);
  } catch (error) {
    if (codeOf(error) === 'ENXIO') return new StreamOutput(name, undefined); // the reader has left already
    if (isNotToBeOpened(error)) return new SharedOutput(name, fd);
    throw writeError(name, error);
  }
}

/** Whether a descriptor can't be opened again: it is another user's pipe (sudo -u), a socket, or there is no /proc. */
function isNotToBeOpened(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENXIO', 'ENOENT'].includes(codeOf(error) ?? '');
}

function writeError(name: string, error: unknown, bytesWritten = 0): UserError {
  return error instanceof UserError ? error : new WriteFailed(name, error, bytesWritten);
}

class FileOutput implements ByteOutput {
  readonly #name: string;
  readonly #fd: number;
  readonly #close: (fd: number) => Promise<void>;
  #closed = false;
  #failed = false;

  constructor(name: string, fd: number, close: (fd: number) => Promise<void>) {
    this.#name = name;
    this.#fd = fd;
    this.#close = close;
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
        written += (await promisify(write)(this.#fd, bytes, written)).bytesWritten;
    } catch (error) {
      this.#failed = true;
      throw writeError(this.#name, error, written);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#close(this.#fd);
  }
}

/** A file that nobody else writes to. */
class OwnFileOutput extends FileOutput {
  readonly #fd: number;

  constructor(name: string, fd: number, close: (fd: number) => Promise<void>) {
    super(name, fd, close);
    this.#fd = fd;
  }

  async takeBack(bytes: number): Promise<void> {
    try {
      const { size } = await promisify(fstat)(this.#fd);
      await promisify(ftruncate)(this.#fd, size - bytes);
    } catch {
      // A device, or a disk that fails: what failed first is told of already.
    }
  }
}

class StreamOutput implements ByteOutput {
  bytesTaken = 0;
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
    this.#watch = watch(() => this.#hasLeft(), listener);
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
        this.bytesTaken += chunk.length;
      }
    } catch (error) {
      if (isClosed(error)) throw new OutputClosed(written, giveUp.aborted);
      throw writeError(this.#name, error, written);
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

/**
 * A descriptor that is used as it is, since it can't be opened again: a terminal, a socket, another user's pipe. Whether it
 * blocks is for all who share it, so that stays; a thread of Node's waits in the write.
 */
class SharedOutput implements ByteOutput {
  bytesTaken = 0;
  readonly #name: string;
  readonly #fd: number;
  #watch: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(name: string, fd: number) {
    this.#name = name;
    this.#fd = fd;
  }

  onReaderLeft(listener: () => void): void {
    this.#watch = watch(() => this.#closed || addon.readerLeft(this.#fd), listener);
  }

  async write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    let written = 0;
    let abandon: () => void = () => undefined;
    const abandoned = new Promise<never>((_, reject) => {
      abandon = () => {
        this.#closed = true;
        reject(new OutputClosed(written));
      };
    });
    abandoned.catch(() => undefined);
    giveUp.addEventListener('abort', abandon, { once: true });
    if (giveUp.aborted) abandon();
    try {
      while (written < bytes.length) {
        if (this.#closed) throw new OutputClosed(written);
        // A copy: the thread may still wait in a write when the bytes have become others.
        const chunk = Buffer.from(bytes.subarray(written, written + CHUNK_BYTES));
        written += await Promise.race([this.#writeSome(chunk), abandoned]);
      }
    } catch (error) {
      if (isClosed(error) || codeOf(error) === 'EIO')
        throw new OutputClosed(written, giveUp.aborted);
      throw writeError(this.#name, error, written);
    } finally {
      giveUp.removeEventListener('abort', abandon);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    return Promise.resolve();
  }

  async #writeSome(chunk: Buffer): Promise<number> {
    try {
      const { bytesWritten } = await promisify(write)(this.#fd, chunk);
      this.bytesTaken += bytesWritten;
      return bytesWritten;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      await sleep(10);
      return 0;
    }
  }
}

/** Calls `listener` once the reader has left. */
function watch(hasLeft: () => boolean, listener: () => void): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (!hasLeft()) return;
    clearInterval(timer);
    listener();
  }, WATCH_MS);
  return timer.unref();
}

function isClosed(error: unknown): boolean {
  return (
    error instanceof OutputClosed ||
    ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(codeOf(error) ?? '')
  );
}
