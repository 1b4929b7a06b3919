import type { Precision } from '../packet/packet-batch.js';

/** Microseconds: what an interface counts in when it does not say. */
export const DEFAULT_RESOLUTION = 6;

const MAX_SECONDS = 0xffff_ffff;
/** Parts of a second that a fraction of each precision counts. */
const PARTS: Readonly<Record<Precision, bigint>> = { micro: 1_000_000n, nano: 1_000_000_000n };

/**
 * How an interface of a pcapng file counts time: 64-bit ticks, if_tsresol and if_tsoffset
 * (draft-ietf-opsawg-pcapng, section 4.2). Resolutions that microseconds hold exactly become microseconds (seconds,
 * milliseconds, half seconds); all others become nanoseconds, rounded down.
 */
export class PcapngClock {
  readonly precision: Precision;
  /** Of the last time that was read. */
  seconds = 0;
  fraction = 0;
  readonly #perSecond: bigint;
  readonly #parts: bigint;
  readonly #offset: bigint;
  /** The same as doubles where these are exact, otherwise 0. */
  readonly #fastPerSecond: number;
  readonly #fastOffset: number;
  /** Parts of a second in a tick, where doubles are exact. */
  readonly #fastTick: number;

  /**
   * @param resolution if_tsresol: ticks per second as a power of ten, or with the upper bit set, of two
   * @param offset if_tsoffset in seconds, signed
   */
  constructor(resolution: number, offset: bigint) {
    const exponent = BigInt(resolution & 0x7f);
    this.#perSecond = (resolution & 0x80 ? 2n : 10n) ** exponent;
    this.#offset = offset;
    this.precision = PARTS.micro % this.#perSecond === 0n ? 'micro' : 'nano';
    this.#parts = PARTS[this.precision];
    this.#fastOffset = Number(offset);
    const isFast = this.#parts % this.#perSecond === 0n && Math.abs(this.#fastOffset) <= 2 ** 52;
    this.#fastPerSecond = isFast ? Number(this.#perSecond) : 0;
    this.#fastTick = isFast ? Number(this.#parts / this.#perSecond) : 0;
  }

  /** Reads a time from its two halves; false where no pcap record can hold its seconds. */
  read(high: number, low: number): boolean {
    if (this.#fastPerSecond === 0) return this.#readSlowly(high, low);
    // A long division with 16 bits a digit: every step is exact in a double.
    const divisor = this.#fastPerSecond;
    const upper = Math.floor(high / divisor);
    const middlePart = (high - upper * divisor) * 0x1_0000 + (low >>> 16);
    const middle = Math.floor(middlePart / divisor);
    const lowerPart = (middlePart - middle * divisor) * 0x1_0000 + (low & 0xffff);
    const lower = Math.floor(lowerPart / divisor);
    this.seconds = (upper * 0x1_0000 + middle) * 0x1_0000 + lower + this.#fastOffset;
    this.fraction = (lowerPart - lower * divisor) * this.#fastTick;
    return this.seconds >= 0 && this.seconds <= MAX_SECONDS;
  }

  #readSlowly(high: number, low: number): boolean {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    this.seconds = Number(ticks / this.#perSecond + this.#offset);
    this.fraction = Number(((ticks % this.#perSecond) * this.#parts) / this.#perSecond);
    return this.seconds >= 0 && this.seconds <= MAX_SECONDS;
  }
}
