import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long commands may hold the event loop, in ms: packets wait meanwhile, and the kernel's ring has room for far more. */
const LONGEST_MS = 5;

/** When the first command of this turn of the event loop began. */
let sinceMs: number | undefined;

/**
 * To be awaited before each of many commands in a row: promises alone never let packets, timers and other channels have
 * their turn. All channels share what commands may take of one.
 */
export async function giveWay(): Promise<void> {
  const nowMs = performance.now();
  if (sinceMs === undefined) {
    sinceMs = nowMs;
    setImmediate(() => {
      sinceMs = undefined;
    });
  } else if (nowMs - sinceMs >= LONGEST_MS) {
    await nextTurn();
  }
}
