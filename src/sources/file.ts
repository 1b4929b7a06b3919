import type { PacketBatch } from '../packet/packet-batch.js';
import type { Reach } from '../packet/reach.js';
import type { Cause } from '../errors/cause.js';
import { UserError } from '../errors/user-error.js';
import { UnusablePackets } from '../pcap/capture-decoder.js';
import { CaptureFileDecoder } from '../pcap/capture-file-decoder.js';
import { countOf, Tally, withEnded, type Account, type Outcome } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';
import { nameOf, openByteInput, readError, type ByteInput } from '../files/byte-input.js';
import { decompressed } from '../files/compressed-input.js';
import { ReadAhead } from '../files/read-ahead.js';
import { TIME_OUT_OF_RANGE } from './time-out-of-range.js';

const UNKNOWN_INTERFACE: Cause = {
  id: 'unknown-interface',
  fate: 'skipped',
  loss: true,
  text: 'of an interface that the file does not describe',
};

interface OpenFile {
  readonly path: string;
  readonly input: ByteInput;
}

/** Whom to tell, as it happens, what is wrong with which file. */
export interface FileListeners {
  /** Called for each file that can't be read to its end while others follow. */
  readonly onDamaged?: (error: UserError) => void;
  /** Called at the end of each file for each cause for which packets of it were skipped. */
  readonly onSkipped?: (error: UserError) => void;
}

/** The packets of capture files: pcap and pcapng, also compressed. */
export class FileSource implements Source {
  readonly name: string;
  readonly #files: readonly OpenFile[];
  readonly #linkType: number | undefined;
  readonly #listeners: FileListeners;
  readonly #unusable = new UnusablePackets();
  readonly #tally = new Tally();
  #closed = false;

  private constructor(
    files: readonly OpenFile[],
    linkType: number | undefined,
    listeners: FileListeners,
  ) {
    this.name = files.map(({ path }) => path).join(', ');
    this.#files = files;
    this.#linkType = linkType;
    this.#listeners = listeners;
  }

  /**
   * Opens all files and reads nothing of them; throws a UserError for the first that can't be opened.
   *
   * @param paths files or named pipes, read in turn; `-` is standard input
   * @param linkType LINKTYPE_ number that the packets get, whatever the files say
   */
  static async open(
    paths: readonly string[],
    linkType: number | undefined,
    listeners: FileListeners = {},
  ): Promise<FileSource> {
    const files: OpenFile[] = [];
    try {
      for (const path of paths) files.push({ path, input: await openByteInput(path) });
    } catch (error) {
      await closeAll(files);
      throw error;
    }
    return new FileSource(files, linkType, listeners);
  }

  /** Reads on after a damaged file; throws at the end what is wrong with the last such one. */
  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    stop.addEventListener('abort', () => void closeAll(this.#files), { once: true });
    let problem: UserError | undefined;
    for (const [index, file] of this.#files.entries()) {
      if (stop.aborted || this.#closed) break;
      try {
        yield* this.#packetsOf(file, stop);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problem = error;
        if (index < this.#files.length - 1) this.#listeners.onDamaged?.(problem);
      }
    }
    if (problem) throw problem;
  }

  account(): Account {
    return withEnded(this.#tally.account(), this.#skipped());
  }

  /** By the bytes of the files; unknown where one is a pipe. */
  reach(): Reach {
    let [read, all] = [0, 0];
    for (const { input } of this.#files) {
      if (!input.extent) return {};
      read += Math.min(input.extent.read, input.extent.all);
      all += input.extent.all;
    }
    return all === 0 ? {} : { share: read / all };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await closeAll(this.#files);
  }

  async *#packetsOf({ path, input }: OpenFile, stop: AbortSignal): AsyncIterable<PacketBatch> {
    const before = this.#skipped();
    try {
      const content = await readFrom(path, decompressed(input));
      if (!stop.aborted) yield* this.#decoded(path, content, stop);
    } finally {
      this.#saySkipped(path, before);
      await input.close();
    }
  }

  #skipped(): Outcome[] {
    const { timesOutOfRange, unknownInterfaces } = this.#unusable;
    return [
      { cause: TIME_OUT_OF_RANGE, packets: timesOutOfRange, bytes: 0 },
      { cause: UNKNOWN_INTERFACE, packets: unknownInterfaces, bytes: 0 },
    ];
  }

  /** Names the file that the packets skipped since `before` are of: the summary only counts them. */
  #saySkipped(path: string, before: readonly Outcome[]): void {
    for (const [index, { cause, packets }] of this.#skipped().entries()) {
      const skipped = packets - (before[index]?.packets ?? 0);
      if (skipped > 0)
        this.#listeners.onSkipped?.(
          new UserError(`read ${nameOf(path)}`, `'${skipped}' packet(s) skipped: ${cause.text}`),
        );
    }
  }

  /** Reads ahead while a batch is handled. */
  async *#decoded(path: string, input: ByteInput, stop: AbortSignal): AsyncIterable<PacketBatch> {
    const decoder = new CaptureFileDecoder(this.#unusable);
    const waiting = new ReadAhead(input);
    let packets = 0;
    const isStopped = () => stop.aborted || this.#closed;
    const failed = (cause: string, remedy: string) =>
      new UserError(`read ${nameOf(path)}`, cause, { remedy: packets > 0 ? remedy : undefined });

    waiting.readOn(0, false);
    while (await readFrom(path, waiting.hasMore())) {
      if (isStopped()) return;
      for (let wanted = 0; wanted === 0;) {
        const { batch, consumed, problem, ...next } = decoder.decode(waiting.bytes);
        waiting.take(consumed);
        wanted = next.wanted;
        if (wanted > 0 && problem === undefined) waiting.readOn(wanted, batch !== undefined);
        if (batch) {
          packets += batch.count;
          this.#tally.give(countOf(batch));
          yield this.#withLinkType(batch);
          if (isStopped()) return;
        }
        if (problem !== undefined) throw failed(problem, 'the packets before it were sent');
      }
    }
    const problem = decoder.problemAtEnd(waiting.bytes.length);
    if (problem !== undefined && !isStopped())
      throw failed(problem, 'the whole packets before it were sent');
  }

  #withLinkType(batch: PacketBatch): PacketBatch {
    const linkType = this.#linkType;
    return linkType === undefined ? batch : { ...batch, link: { ...batch.link, linkType } };
  }
}

async function closeAll(files: readonly OpenFile[]): Promise<void> {
  await Promise.all(files.map(({ input }) => input.close()));
}

/** What the reading gives, or an error that names the file. */
async function readFrom<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw readError(path, error);
  }
}
