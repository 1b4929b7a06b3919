/** Lets so many go on at once; the others wait, in order. */
export class Turns {
  #free: number;
  #waiting: (() => void)[] = [];
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether one more would go on at once. */
  get isFree(): boolean {
    return this.#free > 0 && this.#waiting.length === 0;
  }

  /** Resolves when it is one's turn, which lasts until `giveBack`; false where `leaveAll` was called first. */
  async take(): Promise<boolean> {
    if (this.isFree) {
      this.#free--;
      return true;
    }
    let hasTurn = false;
    await new Promise<void>((resolve) => {
      this.#waiting.push(() => {
        hasTurn = this.#free > 0;
        if (hasTurn) this.#free--;
        resolve();
      });
    });
    return hasTurn;
  }

  giveBack(): void {
    this.#free++;
    this.#waiting.shift()?.();
    if (this.#waiting.length === 0) for (const tell of this.#waitingForRoom.splice(0)) tell();
  }

  /** Resolves when nobody waits. */
  async untilNoneWaits(): Promise<void> {
    if (this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#waitingForRoom.push(resolve);
    });
  }

  /** Those who wait get no turn. */
  leaveAll(): void {
    this.#free = -Infinity;
    for (const tell of this.#waiting.splice(0)) tell();
    for (const tell of this.#waitingForRoom.splice(0)) tell();
  }
}
