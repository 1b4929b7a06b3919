import type { Logger } from 'pino';
import type { ByteOutput } from '../../files/byte-output.js';

/** Lines of packets as records of the log. */
export class LogLines implements ByteOutput {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  write(bytes: Buffer): Promise<void> {
    for (const line of bytes.toString().trimEnd().split('\n'))
      this.#log.info({ event: 'packet' }, line);
    return Promise.resolve();
  }

  onReaderLeft(): void {
    // The log always takes them.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
