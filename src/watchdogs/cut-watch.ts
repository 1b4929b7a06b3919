import type { Logger } from 'pino';
import type { Account } from '../pipeline/account.js';
import type { Watchdog } from './watchdog.js';

/** Says once that packets are cut although nobody asked for it. */
export class CutWatch implements Watchdog {
  readonly #log: Logger;
  readonly #snapLength: number;
  #said = false;

  /** @param snapLength bytes of each packet that are kept */
  constructor(log: Logger, snapLength: number) {
    this.#log = log;
    this.#snapLength = snapLength;
  }

  look({ beside }: Account): void {
    if (this.#said || (beside.cut ?? 0) === 0) return;
    this.#said = true;
    this.#log.warn(
      { event: 'cut', snap_length: this.#snapLength },
      `packets are longer than ${this.#snapLength} bytes and are cut: -s 0 keeps them whole ` +
        '(segmentation offload makes them that long)',
    );
  }
}
