const NONE = -1;
const ABSENT = -2;

/** Slots in the order in which they were appended. All memory is allocated at the start. */
export class SlotOrder {
  /** -1 where there is none. */
  oldest = NONE;
  #newest = NONE;
  readonly #older: Int32Array;
  readonly #newer: Int32Array;

  /** @param slots they are numbered from 0 */
  constructor(slots: number) {
    this.#older = new Int32Array(slots).fill(ABSENT);
    this.#newer = new Int32Array(slots);
  }

  has(slot: number): boolean {
    return this.#older[slot] !== ABSENT;
  }

  /** The slot that was appended after this one; -1 where there is none. */
  newerThan(slot: number): number {
    return this.#newer[slot] ?? NONE;
  }

  /** Makes a slot the newest one, whether or not it is there already. */
  append(slot: number): void {
    if (slot === this.#newest) return;
    this.remove(slot);
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  /** Takes a slot out, if it is there. */
  remove(slot: number): void {
    const older = this.#older[slot] ?? ABSENT;
    if (older === ABSENT) return;
    const newer = this.#newer[slot] ?? NONE;
    if (older === NONE) this.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    this.#older[slot] = ABSENT;
  }
}
