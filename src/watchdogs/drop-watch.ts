import type { Logger } from 'pino';
import { Throttle } from '../errors/throttle.js';
import type { Account } from '../pipeline/account.js';
import type { Watchdog } from './watchdog.js';

/** How often it is said at most. */
const REPEAT_MS = 5000;

/** Says that packets drop, how fast, and what helps. */
export class DropWatch implements Watchdog {
  readonly #log: Logger;
  readonly #throttle = new Throttle(REPEAT_MS);
  #lookedAtMs = 0;
  #kernel = 0;
  #interface = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  look({ beside }: Account, nowMs: number): void {
    if (!this.#throttle.isDue('drops', nowMs)) return;
    const seconds = (nowMs - this.#lookedAtMs) / 1000;
    this.#lookedAtMs = nowMs;
    const { dropped_kernel: kernelNow = 0, dropped_interface: deviceNow = 0 } = beside;
    const kernel = kernelNow - this.#kernel;
    const device = deviceNow - this.#interface;
    this.#kernel = kernelNow;
    this.#interface = deviceNow;
    if (kernel + device > 0) this.#throttle.noteSaid('drops', nowMs);
    if (kernel > 0)
      this.#log.warn(
        { event: 'drops', dropped_kernel: kernel },
        `packets drop: ${rate(kernel, seconds)} found the kernel's buffer full; ` +
          'a larger one (-B), a filter (-f) or shorter packets (-s) help',
      );
    if (device > 0)
      this.#log.warn(
        { event: 'drops', dropped_interface: device },
        `packets drop: ${rate(device, seconds)} in the interface or its driver, before they could be captured`,
      );
  }
}

function rate(packets: number, seconds: number): string {
  return `${packets} in ${seconds.toFixed(1)} s (${Math.round(packets / seconds)}/s)`;
}
