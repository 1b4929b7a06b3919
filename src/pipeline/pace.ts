import { doubling, Histogram } from './histogram.js';

/** What is done with a batch, one after the other: decoded, given to the reporters. */
export type Step = 'process' | 'decode' | 'report';

/** What one has measured, as it can be carried to another thread. */
export interface Measured {
  readonly seconds: ReadonlyMap<Step, Pick<Histogram, 'counts' | 'sum'>>;
  readonly sizes: ReadonlyMap<string, Pick<Histogram, 'counts' | 'sum'>>;
}

/** A microsecond to half a second, as capture-agent has them. */
const SECONDS = doubling(0.000_001, 20);
const PER_BATCH = doubling(1, 15);

/** How long batches take, and how large they are. Measured a batch, never a packet. */
export class Pace {
  readonly #seconds = new Map<Step, Histogram>();
  readonly #sizes = new Map<string, Histogram>();

  /** A batch's step began at this time of performance.now(), and is over. */
  took(step: Step, sinceMs: number): void {
    entry(this.#seconds, step, SECONDS).note((performance.now() - sinceMs) / 1000);
  }

  /** A reporter was given a batch of so many packets, or messages. */
  gave(reporter: string, count: number): void {
    entry(this.#sizes, reporter, PER_BATCH).note(count);
  }

  /** What has been measured until now, to be added to another one: from now on it is not this one's any more. */
  take(): Measured {
    const taken = { seconds: new Map(this.#seconds), sizes: new Map(this.#sizes) };
    this.#seconds.clear();
    this.#sizes.clear();
    return taken;
  }

  /** Adds what another one has measured. */
  add({ seconds, sizes }: Measured): void {
    for (const [step, measured] of seconds) entry(this.#seconds, step, SECONDS).add(measured);
    for (const [name, measured] of sizes) entry(this.#sizes, name, PER_BATCH).add(measured);
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

function entry<Key>(of: Map<Key, Histogram>, key: Key, bounds: readonly number[]): Histogram {
  const found = of.get(key) ?? new Histogram(bounds);
  of.set(key, found);
  return found;
}
