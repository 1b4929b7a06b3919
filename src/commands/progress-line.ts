import type { Summary } from '../pipeline/summary.js';

const UPDATE_MS = 500;
const CLEAR_LINE = '\r\x1b[K';

/** A line on the terminal that counts along, as dumpcap's. Nothing where standard error is no terminal. */
export class ProgressLine {
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(summary: (() => Summary) | undefined) {
    if (!summary || !process.stderr.isTTY) return;
    this.#timer = setInterval(() => {
      process.stderr.write(`${CLEAR_LINE}${text(summary())}`);
    }, UPDATE_MS);
  }

  clear(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    process.stderr.write(CLEAR_LINE);
  }
}

function text(now: Summary): string {
  const dropped = now.dropped_kernel + now.dropped_interface;
  const lost = dropped + now.packets_failed;
  return `'${now.packets_in}' in, '${now.packets_out}' out${lost > 0 ? `, '${lost}' lost` : ''} `;
}
