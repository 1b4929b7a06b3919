/** What became of the wish for a turn: it is there, there is no room for so much, or nobody gets one any more. */
export type Turn = 'given' | 'no room' | 'left';

interface Waiting {
  readonly bytes: number;
  readonly tell: (turn: Turn) => void;
}

/** Lets so many go on at once, and as many as there is memory for; the others wait, in order. */
export class Turns {
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
   * Resolves when it is one's turn, which lasts until `giveBack`; or when, with its turn come, there is no room for it
   * whoever ends.
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

  /** Those who wait get no turn. */
  leaveAll(): void {
    this.#free = -Infinity;
    for (const { tell } of this.#waiting.splice(0)) tell('left');
  }
}
