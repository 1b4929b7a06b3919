import type { Contender } from '../contenders.js';
import type { Run } from '../run.js';

/** The middle value and the outermost ones. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The smallest value that so many percent of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    return undefined;
  return { median: (low + high) / 2, min, max };
}

/** How a contender's figure compares with another's: each round with the same round's, so that both met the same times. */
export function ratios(
  runs: readonly Run[],
  of: Contender,
  to: Contender,
  figure: (run: Run) => number | undefined = (run) => run.figure,
): Spread | undefined {
  const pairs = runs.flatMap((run) => {
    if (run.contender !== of) return [];
    const other = runs.find(({ contender, round }) => contender === to && round === run.round);
    const [numerator, denominator] = [figure(run), other && figure(other)];
    return numerator === undefined || !denominator ? [] : [numerator / denominator];
  });
  return spread(pairs);
}
