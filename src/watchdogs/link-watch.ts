import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Watchdog } from './watchdog.js';

/** operational states of an interface that carries nothing (RFC 2863, as Linux names them). */
const DOWN = new Set(['down', 'lowerlayerdown', 'notpresent', 'dormant']);

/** Says when an interface goes down, and when it is up again: the capture goes on by itself. */
export class LinkWatch implements Watchdog {
  readonly #log: Logger;
  readonly #name: string;
  readonly #stateOf: (name: string) => string | undefined;
  #isDown = false;

  /** @param stateOf the operational state of an interface; undefined where it has none, as `any` */
  constructor(log: Logger, name: string, stateOf = operationalState) {
    this.#log = log;
    this.#name = name;
    this.#stateOf = stateOf;
  }

  look(): void {
    const state = this.#stateOf(this.#name);
    if (state === undefined) return;
    const isDown = DOWN.has(state);
    if (isDown === this.#isDown) return;
    this.#isDown = isDown;
    const about = { event: isDown ? 'link-down' : 'link-up', interface: this.#name };
    if (isDown) this.#log.warn(about, `${this.#name} is down: no packets until it is up again`);
    else this.#log.info(about, `${this.#name} is up again`);
  }
}

function operationalState(name: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/operstate`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
