/** How asking for a turn ended: it was given, there is no room for so much, or no more turns are given. */
export type Turn = 'given' | 'no room' | 'left';

interface Waiting {
  readonly bytes: number;
  readonly tell: (turn: Turn) => void;
}

/** Gives turns to so many captures at a time, and to no more than there is memory for; the others wait in order. */
export class CaptureTurns {
  readonly #roomBytes: () => number;
  #free: number;
  #heldBytes = 0;
  readonly #waiting: Waiting[] = [];

  /** @param roomBytes how much all of those that go on may take together, at present */
  constructor(atOnce: number, roomBytes: () => number) {
    this.#free = atOnce;
    this.#roomBytes = roomBytes;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Memory of those that have their turn. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether so much may get a turn now, or once others have given theirs back. */
  mayFit(bytes: number): boolean {
    return bytes <= this.#roomBytes();
  }

  /**
   * Resolves when the caller has its turn, which lasts until `giveBack`; or when its turn would have come, but there is
   * no room for it even if all others end.
   */
  async take(bytes: number): Promise<Turn> {
    const turn = new Promise<Turn>((tell) => this.#waiting.push({ bytes, tell }));
    this.look();
    return turn;
  }

  giveBack(bytes: number): void {
    this.#free++;
    this.#heldBytes -= bytes;
    this.look();
  }

  /** Gives turns to those that wait, as far as there is room: there may be more than before. */
  look(): void {
    for (let next; (next = this.#waiting[0]) && this.#free > 0; this.#waiting.shift()) {
      const { bytes, tell } = next;
      if (!this.mayFit(bytes)) {
        tell('no room');
        continue;
      }
      if (!this.mayFit(this.#heldBytes + bytes)) break;
      this.#free--;
      this.#heldBytes += bytes;
      tell('given');
    }
  }

  /** Gives no more turns, to those that wait neither. */
  leaveAll(): void {
    this.#free = -Infinity;
    for (const { tell } of this.#waiting.splice(0)) tell('left');
  }
}
