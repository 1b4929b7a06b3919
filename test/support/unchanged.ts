import { waitFor } from './wait-for.js';

/** Whether a value stops changing: false where it has changed at each of many looks. */
export async function unchanged(value: () => number): Promise<boolean> {
  let last = -1;
  let same = 0;
  let looks = 0;
  await waitFor(
    () => {
      same = value() === last ? same + 1 : 0;
      last = value();
      return same === 20 || ++looks === 100;
    },
    { limitMs: 10_000, what: 'a decision' },
  );
  return same === 20;
}
