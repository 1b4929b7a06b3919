import type { Cause } from '../errors/cause.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';
import type { Tally } from '../pipeline/account.js';
import { ReaderLeft } from '../pipeline/contracts.js';
import type { Chunk, Outlet } from './outlet.js';

const UNREAD: Cause = {
  id: 'not-read',
  fate: 'failed',
  loss: true,
  text: 'failed: nobody had read them until the end',
};

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
      const passed = { packets, bytes: ends[packets - 1] ?? 0 };
      tally.pass(passed);
      if (error instanceof WriteFailed) throw error;
      if (!error.isGivenUp) throw new ReaderLeft();
      const rest = { packets: ends.length - packets, bytes: bytes.length - passed.bytes };
      tally.settle(UNREAD, rest);
    }
  }

  async close(): Promise<void> {
    await this.#output.close();
  }
}
