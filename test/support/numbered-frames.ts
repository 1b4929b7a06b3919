/**
 * Frames that carry a number, so that whoever gets them can tell what is missing, twice or out of order. The numbers
 * begin anew after so many frames.
 */
export const DISTINCT_FRAMES = 100_000;

/** After an Ethernet header with the EtherType that is free for local experiments. */
const ETHERNET_HEADER = Buffer.from('02000000000202000000000188b5', 'hex');
const NUMBER_AT = ETHERNET_HEADER.length;

/** The frame with this number; it has at least 18 bytes. */
export function numberedFrame(number: number, bytes: number): Buffer {
  const frame = Buffer.alloc(bytes);
  ETHERNET_HEADER.copy(frame);
  frame.writeUInt32BE(number % DISTINCT_FRAMES, NUMBER_AT);
  return frame;
}

/** The number of a frame, 0 to DISTINCT_FRAMES - 1. */
export function numberOf(frame: Buffer): number {
  return frame.readUInt32BE(NUMBER_AT);
}

/**
 * Follows the numbers of frames that should come one after the other, from 0 on. Frames out of order count as both:
 * missing where they should have been, and repeated where they come. As many missing at once as there are numbers can't
 * be seen; the number of frames shows it.
 */
export class FrameSequence {
  #next = 0;
  #frames = 0;
  #missing = 0;
  #repeated = 0;

  take(number: number): void {
    this.#frames++;
    const ahead = (number - this.#next + DISTINCT_FRAMES) % DISTINCT_FRAMES;
    if (ahead >= DISTINCT_FRAMES / 2) {
      this.#repeated++;
      return;
    }
    this.#missing += ahead;
    this.#next = (number + 1) % DISTINCT_FRAMES;
  }

  /** Frames so far: those that came, those that were left out, and those that had come before. */
  get account(): {
    readonly frames: number;
    readonly missing: number;
    readonly repeated: number;
  } {
    return { frames: this.#frames, missing: this.#missing, repeated: this.#repeated };
  }
}
