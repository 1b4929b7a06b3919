import { OutputClosed, type ByteOutput } from './byte-output.js';

/** An output that is opened while a run goes on already, such as a named pipe once somebody reads it. */
export class LateOutput implements ByteOutput {
  readonly #opening: Promise<ByteOutput>;
  readonly #closing = new AbortController();

  /** @param open ends at once when its signal is aborted */
  constructor(open: (giveUp: AbortSignal) => Promise<ByteOutput>) {
    this.#opening = open(this.#closing.signal);
    // A write tells of it.
    this.#opening.catch(() => undefined);
  }

  onReaderLeft(listener: () => void): void {
    this.#opening.then(
      (output) => {
        output.onReaderLeft(listener);
      },
      () => undefined,
    );
  }

  /** Waits until it is open. */
  async write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    const output = await this.#opened(giveUp);
    await output.write(bytes, giveUp);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const output = await this.#opening.catch(() => undefined);
    await output?.close();
  }

  async #opened(giveUp: AbortSignal): Promise<ByteOutput> {
    let onGiveUp: () => void = () => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      onGiveUp = () => {
        reject(new OutputClosed(0, true));
      };
      if (giveUp.aborted) onGiveUp();
      else giveUp.addEventListener('abort', onGiveUp, { once: true });
    });
    try {
      return await Promise.race([this.#opening, givenUp]);
    } finally {
      giveUp.removeEventListener('abort', onGiveUp);
    }
  }
}
