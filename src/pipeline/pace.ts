import { doubling, Histogram } from './histogram.js';

/** What is done with a batch, one after the other: decoded, given to the reporters. */
export type Step = 'process' | 'decode' | 'report';

/** A microsecond to half a second, as capture-agent has them. */
const SECONDS = doubling(0.000_001, 20);
const PER_BATCH = doubling(1, 15);

/** How long batches take, and how large they are. Measured a batch, never a packet. */
export class Pace {
  readonly #seconds = new Map<Step, Histogram>();
  readonly #sizes = new Map<string, Histogram>();

  /** A batch's step began at this time of performance.now(), and is over. */
  took(step: Step, sinceMs: number): void {
    const found = this.#seconds.get(step) ?? new Histogram(SECONDS);
    this.#seconds.set(step, found);
    found.note((performance.now() - sinceMs) / 1000);
  }

  /** A reporter was given a batch of so many packets, or messages. */
  gave(reporter: string, count: number): void {
    const found = this.#sizes.get(reporter) ?? new Histogram(PER_BATCH);
    this.#sizes.set(reporter, found);
    found.note(count);
  }

  /** Seconds that batches took, by what was done with them. */
  get seconds(): ReadonlyMap<Step, Histogram> {
    return this.#seconds;
  }

  /** Packets or messages a batch, by reporter. */
  get sizes(): ReadonlyMap<string, Histogram> {
    return this.#sizes;
  }
}
