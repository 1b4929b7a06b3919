import { PacketText, type PacketTextOptions } from '../decode/text/packet-text.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';
import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import { PartlyWritten, ReaderLeft, type Sink } from '../pipeline/contracts.js';

/** Shows packets as lines of text, as tcpdump does: one write a batch. */
export class PacketLinesSink implements Sink {
  readonly #output: ByteOutput;
  readonly #text: PacketText;
  readonly #tally = new Tally();

  constructor(output: ByteOutput, options: PacketTextOptions) {
    this.#output = output;
    this.#text = new PacketText(options);
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (batch.count === 0) return;
    await this.#tally.during(countOf(batch), () => this.#writeLines(batch, giveUp));
  }

  async flush(): Promise<void> {
    // Each batch's lines were written with it.
  }

  account(): Account {
    return this.#tally.account();
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  /** A packet whose text went out only in part did not go out. */
  async #writeLines(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    try {
      await this.#output.write(this.#text.print(batch), giveUp);
      this.#tally.pass(countOf(batch));
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof WriteFailed)) throw error;
      const handled = this.#text.packetsWithin(error.bytesWritten, batch.count);
      this.#tally.pass(countOf(firstPackets(batch, handled)));
      throw error instanceof WriteFailed
        ? new PartlyWritten(handled, error)
        : new ReaderLeft(handled);
    }
  }
}
