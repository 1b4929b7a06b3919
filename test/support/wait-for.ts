import { setTimeout as sleep } from 'node:timers/promises';

import { PATIENCE } from './time-limits.js';

type Falsy = false | null | undefined | 0 | '';

export interface WaitOptions {
  /** Milliseconds after which the wait is given up. */
  readonly limitMs: number;
  /** What is waited for, for the message. */
  readonly what: string;
}

/**
 * Asks for a condition every 20 ms until it is truthy, and gives what it gave. It is the only sleep in these
 * tests: everything else waits for something. A condition that throws ends the wait with what it threw.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { limitMs, what }: WaitOptions,
): Promise<Exclude<T, Falsy>> {
  const start = performance.now();
  const patienceMs = PATIENCE * limitMs;
  for (;;) {
    const value = await condition();
    if (isTruthy(value)) return value;
    if (performance.now() - start > patienceMs) {
      throw new Error(`Waited ${patienceMs} ms in vain for ${what}`);
    }
    await sleep(20);
  }
}

function isTruthy<T>(value: T): value is Exclude<T, Falsy> {
  return Boolean(value);
}
