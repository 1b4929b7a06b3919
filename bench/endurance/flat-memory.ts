/** Memory is flat where the last quarter's mean is at most so many times the second quarter's. */
const MAX_GROWTH = 1.1;

/** Memory of a process at one time. */
export interface MemoryAt {
  /** Since it all began. */
  readonly seconds: number;
  readonly residentMiB: number;
}

/** What its memory did over the time, for people, and what is wrong with that, if anything. */
export function flatMemory(
  name: string,
  times: readonly MemoryAt[],
): { readonly line: string; readonly fault?: string } {
  const mib = times.map(({ residentMiB }) => residentMiB);
  const seconds = times.at(-1)?.seconds ?? 0;
  const at = (time: number): string =>
    times.find((sample) => sample.seconds >= time)?.residentMiB.toFixed(1) ?? '-';
  const quarter = (n: number): number =>
    mean(mib.slice((mib.length * (n - 1)) / 4, (mib.length * n) / 4));
  const [second, last] = [quarter(2), quarter(4)];
  const line = [
    `memory of the ${name}: ${at(300)} MiB at 5 min, ${at(seconds / 2)} at half, ${at(seconds)} at the end,`,
    `at most ${Math.max(...mib).toFixed(1)}; mean of the quarters ${[1, 2, 3, 4].map((n) => quarter(n).toFixed(1)).join(', ')}`,
  ].join(' ');
  // Asked this way round, memory that is not known is not flat.
  if (last <= second * MAX_GROWTH) return { line };
  return {
    line,
    fault: `the ${name}'s memory grew from ${second.toFixed(1)} to ${last.toFixed(1)} MiB`,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
