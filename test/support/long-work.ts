import type { TestContext } from 'node:test';

/** Work that holds the event loop for 2 ms each time, and how often it did so in a row. */
export interface LongWork {
  readonly work: () => void;
  /** The most in a row between which nothing else had a turn. */
  readonly mostInARow: () => number;
}

const WORK_MS = 2;

/** Watches the turns of the event loop until the test ends. */
export function longWork(t: TestContext): LongWork {
  let inARow = 0;
  let most = 0;
  let next: NodeJS.Immediate;
  const turn = () => {
    inARow = 0;
    next = setImmediate(turn);
  };
  turn();
  t.after(() => {
    clearImmediate(next);
  });
  const work = () => {
    most = Math.max(most, ++inARow);
    for (const end = performance.now() + WORK_MS; performance.now() < end;);
  };
  return { work, mostInARow: () => most };
}
