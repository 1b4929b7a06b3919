const RANGE = 2 ** 32;

/** A total from a counter of 32 bits that begins again at 0. */
export class WideCounter {
  #total = 0;
  #last = 0;

  /**
   * @param value what the counter says now; it went on by less than half its range since it was last asked. More is a
   *   counter that went back, as an interface's does when its driver is loaded again: then nothing is known.
   */
  at(value: number): number {
    const added = (value - this.#last + RANGE) % RANGE;
    this.#last = value;
    if (added < RANGE / 2) this.#total += added;
    return this.#total;
  }
}
