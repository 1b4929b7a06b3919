/**
 * Seeded mutations of bytes: the same for every run, so that a fault that one of them finds can be found again.
 */
export class Mutations {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to `limit`, which is left out (xorshift of 32 bits). */
  number(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.number(from.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  /** One of the originals with one to four faults: bytes changed, left out, repeated, or of another original. */
  next(originals: readonly Buffer[]): Buffer {
    let bytes = Buffer.from(this.pick(originals));
    for (let faults = 1 + this.number(4); faults > 0 && bytes.length > 0; faults--)
      bytes = this.#fault(bytes, originals);
    return bytes;
  }

  #fault(bytes: Buffer, originals: readonly Buffer[]): Buffer<ArrayBuffer> {
    const at = this.number(bytes.length);
    const length = this.number(Math.min(64, bytes.length - at) + 1);
    const [before, some, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    switch (this.number(7)) {
      case 0:
        return Buffer.concat([before, Buffer.from([this.number(256)]), bytes.subarray(at + 1)]);
      case 1:
        return Buffer.concat([before, Buffer.from(this.pick(TELLING)), bytes.subarray(at + 1)]);
      case 2:
        return Buffer.concat([before, after]);
      case 3:
        return Buffer.concat([before, some, some, after]);
      case 4:
        return Buffer.from(before);
      case 5: {
        const other = this.pick(originals);
        return Buffer.concat([before, other.subarray(this.number(other.length + 1))]);
      }
      default:
        return Buffer.concat([
          before,
          Buffer.from([(bytes[at] ?? 0) ^ (1 << this.number(8))]),
          bytes.subarray(at + 1),
        ]);
    }
  }
}

/** Bytes that mean something in one format or the other. */
const TELLING = [
  [10],
  [13, 10],
  [13, 10, 13, 10],
  [32],
  [58],
  [34],
  [60],
  [59, 59],
  [0],
  [0xff],
  [0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0],
  [0, 6],
];
