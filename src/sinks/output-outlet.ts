import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';
import type { Tally } from '../pipeline/account.js';
import { ReaderLeft } from '../pipeline/contracts.js';
import type { Chunk, Outlet } from './outlet.js';

/** Standard output or a file. */
export class OutputOutlet implements Outlet {
  readonly #output: ByteOutput;

  constructor(output: ByteOutput) {
    this.#output = output;
  }

  /** A message that went out only in part did not go out. */
  async send({ bytes, ends }: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void> {
    try {
      await this.#output.write(bytes, giveUp);
      tally.pass({ packets: ends.length, bytes: bytes.length });
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof WriteFailed)) throw error;
      const packets = ends.filter((end) => end <= error.bytesWritten).length;
      tally.pass({ packets, bytes: ends[packets - 1] ?? 0 });
      throw error instanceof WriteFailed ? error : new ReaderLeft();
    }
  }

  async close(): Promise<void> {
    await this.#output.close();
  }
}
