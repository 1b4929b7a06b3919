import { sideBySide, type Account } from '../pipeline/account.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import type { Reporter } from './reporter.js';

/** Reporters that divide the flows among them, as one. */
export class SharedReporter implements Reporter {
  readonly name: string;
  readonly #parts: readonly Reporter[];

  constructor(name: string, parts: readonly Reporter[]) {
    this.name = name;
    this.#parts = parts;
  }

  get ended(): boolean {
    return this.#parts.every(({ ended }) => ended);
  }

  get isFull(): boolean {
    return this.#parts.some(({ isFull }) => isFull);
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#parts.find(({ failure }) => failure)?.failure;
  }

  async write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.write(batch, giveUp)));
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.flush(giveUp)));
  }

  account(): Account {
    return sideBySide(this.#parts.map((part) => part.account()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
  }
}
