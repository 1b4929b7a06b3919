import type { PacketBatch } from '../packet/packet-batch.js';
import type { Account } from '../pipeline/account.js';
import { ReaderLeft, type Sink } from '../pipeline/contracts.js';
import type { Pace } from '../pipeline/pace.js';
import { MessageBatch } from '../protocols/message-batch.js';
import type { Reporter } from './reporter.js';
import type { SipReader } from './sip-reader.js';

/**
 * Finds the SIP messages in packets, and gives them to all reporters. Packets are out where they went into messages that
 * were reported; what became of those, each reporter counts.
 */
export class SipMessages implements Sink {
  readonly #reader: SipReader;
  readonly #reporters: readonly Reporter[];
  readonly #messages = new MessageBatch();
  readonly #pace: Pace | undefined;

  /** @param pace measures batches, where somebody wants to know */
  constructor(reader: SipReader, reporters: readonly Reporter[], pace?: Pace) {
    this.#reader = reader;
    this.#reporters = reporters;
    this.#pace = pace;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const messages = this.#messages;
    messages.clear();
    const sinceMs = performance.now();
    this.#reader.read(batch, messages);
    this.#pace?.took('decode', sinceMs);
    for (const { name } of this.#reporters) this.#pace?.gave(name, messages.total);
    if (messages.total > 0)
      await Promise.all(this.#reporters.map((reporter) => reporter.write(messages, giveUp)));
    if (!this.#reporters.every(({ ended }) => ended)) return;
    this.#throwFailure();
    throw new ReaderLeft(batch.count);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#messages.clear();
    this.#reader.finish(this.#messages);
    if (this.#messages.total > 0)
      await Promise.all(this.#reporters.map((reporter) => reporter.write(this.#messages, giveUp)));
    await Promise.all(this.#reporters.map((reporter) => reporter.flush(giveUp)));
    this.#throwFailure();
  }

  account(): Account {
    const { found, leftOut, notSip, malformed, fragmentsMerged, reassemblyTimeouts } = this.#reader;
    const { media } = this.#reader;
    const accounts = this.#reporters.map(
      (reporter) => [reporter.name, reporter.account()] as const,
    );
    return {
      ...this.#reader.account(),
      messages: {
        ...{ found, filtered: leftOut, notSip, malformed },
        ...{ fragmentsMerged, reassemblyTimeouts },
        ...(media && { media }),
        fragmentsHeld: this.#reader.fragmentsHeld,
        reporters: new Map(accounts),
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#reporters.map((reporter) => reporter.close()));
  }

  #throwFailure(): void {
    const failed = this.#reporters.find(({ failure }) => failure);
    if (failed?.failure) throw failed.failure.error;
  }
}
