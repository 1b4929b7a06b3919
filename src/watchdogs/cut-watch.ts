import type { Logger } from 'pino';
import type { Summary } from '../pipeline/summary.js';
import type { Watchdog } from './watchdog.js';

/** Says once that packets are cut, where nobody has asked for it. */
export class CutWatch implements Watchdog {
  readonly #log: Logger;
  readonly #snapLength: number;
  #said = false;

  /** @param snapLength bytes of each packet that are kept */
  constructor(log: Logger, snapLength: number) {
    this.#log = log;
    this.#snapLength = snapLength;
  }

  look(account: Summary): void {
    if (this.#said || account.cut === 0) return;
    this.#said = true;
    this.#log.warn(
      { event: 'cut', snap_length: this.#snapLength },
      `packets are longer than ${this.#snapLength} bytes and are cut: -s 0 keeps them whole ` +
        '(segmentation offload makes them that long)',
    );
  }
}
