/** How often values lay up to each of some bounds. Noting one costs no more than a few comparisons. */
export class Histogram {
  readonly bounds: readonly number[];
  /** Of the values up to each bound and above the one before, and last of those above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds in ascending order */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  note(value: number): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index++;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }

  /** Values that another one of the same bounds has noted. */
  add({ counts, sum }: Pick<Histogram, 'counts' | 'sum'>): void {
    for (const [index, count] of counts.entries())
      this.counts[index] = (this.counts[index] ?? 0) + count;
    this.sum += sum;
  }
}

/** `count` bounds, each twice the one before. */
export function doubling(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * 2 ** index);
}
