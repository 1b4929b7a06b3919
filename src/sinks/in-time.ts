import type { Account } from '../pipeline/account.js';
import { TOO_SLOW } from '../pipeline/contracts.js';

/** With more than so many under way, it waits less than patience allows. */
const HIGH_WATER = 20_000;
const HIGH_WATER_MS = 1000;

/** What is looked at: a sink or a reporter. */
export interface Watched {
  account(): Account;
  /** It would soon have to drop. */
  readonly isFull?: boolean;
  /** It takes nothing any more. */
  readonly ended?: boolean;
}

/** Tells whether an end takes in time what it is given. */
export class InTime {
  readonly #end: Watched;
  readonly #patienceMs: number;
  readonly #clock: () => number;
  #settled = 0;
  #since: number;

  /** @param patienceMs how long nothing at all may settle of what is under way */
  constructor(end: Watched, patienceMs: number, clock = () => performance.now()) {
    this.#end = end;
    this.#patienceMs = patienceMs;
    this.#clock = clock;
    this.#since = clock();
  }

  /** To be asked again and again: whether it is worth giving it more now. */
  takes(): boolean {
    if (this.#end.ended === true) return false;
    const { in: taken, out, outcomes } = this.#end.account();
    let settled = out.packets;
    let dropped = 0;
    for (const { cause, packets } of outcomes.values())
      if (cause.id === TOO_SLOW.id) dropped += packets;
      else settled += packets;
    const underWay = taken.packets - settled - dropped;
    const now = this.#clock();
    if (settled !== this.#settled || underWay === 0) this.#since = now;
    this.#settled = settled;
    if (this.#end.isFull === true) return false;
    return now - this.#since < (underWay > HIGH_WATER ? HIGH_WATER_MS : this.#patienceMs);
  }
}

/** Waits for a write, but no longer than patience says: from then on it goes on by itself. */
export async function writtenInTime(write: Promise<void>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  try {
    await Promise.race([write, late]);
  } finally {
    clearTimeout(timer);
  }
}
