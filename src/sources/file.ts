import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Link, PacketBatch } from '../packet/packet-batch.js';
import { UserError } from '../packet/user-error.js';
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from '../pcap/file-header.js';
import { takeWholeRecords } from '../pcap/records.js';
import { NOTHING_COUNTED, type Source, type SourceCounters } from '../pipeline/contracts.js';
import { openByteInput, readError, type ByteInput } from './byte-input.js';

const READ_BYTES = 1024 * 1024;

/** The packets of capture files. */
export class FileSource implements Source {
  readonly name: string;
  readonly #paths: readonly string[];
  readonly #linkType: number | undefined;
  #input: ByteInput | undefined;
  #closed = false;

  private constructor(paths: readonly string[], linkType: number | undefined) {
    this.name = paths.join(', ');
    this.#paths = paths;
    this.#linkType = linkType;
  }

  /**
   * Looks whether all files can be read; throws a UserError for the first that can't.
   *
   * @param paths files or named pipes, read in turn; `-` is standard input
   * @param linkType LINKTYPE_ number that the packets get, whatever the files say
   */
  static async open(paths: readonly string[], linkType: number | undefined): Promise<FileSource> {
    for (const path of paths.filter((path) => path !== '-')) {
      try {
        await access(path, constants.R_OK);
      } catch (error) {
        throw readError(path, error);
      }
    }
    return new FileSource(paths, linkType);
  }

  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    stop.addEventListener('abort', () => void this.#input?.close(), { once: true });
    let problem: UserError | undefined;
    for (const path of this.#paths) {
      if (stop.aborted || this.#closed) break;
      try {
        yield* this.#packetsOf(path, stop);
      } catch (error) {
        // The files after a damaged one are read all the same; the first problem is reported at the end.
        if (!(error instanceof UserError)) throw error;
        problem ??= error;
      }
    }
    if (problem) throw problem;
  }

  counters(): SourceCounters {
    return NOTHING_COUNTED;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#input?.close();
  }

  async *#packetsOf(path: string, stop: AbortSignal): AsyncIterable<PacketBatch> {
    const input = await openByteInput(path);
    this.#input = input;
    try {
      const header = await readHeader(path, input, stop);
      if (!header) return;
      yield* this.#records(path, input, header, stop);
    } finally {
      await input.close();
    }
  }

  /** Reads ahead into one buffer while the batch in the other is handled. */
  async *#records(
    path: string,
    input: ByteInput,
    header: FileHeader,
    stop: AbortSignal,
  ): AsyncIterable<PacketBatch> {
    const link: Link = { ...header.link, linkType: this.#linkType ?? header.link.linkType };
    let current = Buffer.allocUnsafe(READ_BYTES);
    let other = Buffer.allocUnsafe(READ_BYTES);
    let filled = 0;
    let reading = read(path, input, current, filled);
    for (;;) {
      const bytesRead = await reading;
      if (stop.aborted) return;
      if (bytesRead === 0) break;
      filled += bytesRead;
      const whole = takeWholeRecords(current.subarray(0, filled), header.swapped);
      if (whole.problem === undefined) {
        const rest = current.subarray(whole.byteLength, filled);
        // A record may be longer than the buffer; it grows no faster than the file gives bytes.
        const room = Math.min(whole.nextBytes, 2 * filled);
        if (room > other.length) other = Buffer.allocUnsafe(room);
        rest.copy(other);
        filled = rest.length;
        reading = read(path, input, other, filled);
        // Its failure is told when its turn comes.
        reading.catch(() => undefined);
      }
      if (whole.count > 0)
        yield {
          bytes: current.subarray(0, whole.byteLength),
          count: whole.count,
          link: { ...link, snapLength: Math.max(link.snapLength, whole.longest) },
        };
      if (whole.problem !== undefined)
        throw new UserError(`read ${path}`, `damaged: ${whole.problem}`, {
          remedy: 'the packets before it were sent',
        });
      [current, other] = [other, current];
    }
    if (filled > 0)
      throw new UserError(`read ${path}`, 'the last packet is cut off', {
        remedy: 'the whole packets before it were sent',
      });
  }
}

async function readHeader(
  path: string,
  input: ByteInput,
  stop: AbortSignal,
): Promise<FileHeader | undefined> {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  let filled = 0;
  while (filled < bytes.length) {
    const bytesRead = await read(path, input, bytes, filled);
    if (stop.aborted) return undefined;
    if (bytesRead === 0) throw readError(path, new Error('not a pcap file: it ends too early'));
    filled += bytesRead;
  }
  const header = decodeFileHeader(bytes);
  if ('problem' in header) throw readError(path, new Error(header.problem));
  return header;
}

async function read(path: string, input: ByteInput, into: Buffer, offset: number): Promise<number> {
  try {
    return await input.read(into, offset);
  } catch (error) {
    throw readError(path, error);
  }
}
