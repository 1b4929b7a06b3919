import { setMaxListeners } from 'node:events';
import type { PacketBatch } from '../packet/packet-batch.js';
import { UserError } from '../errors/user-error.js';
import { sideBySide, type Account } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';

type Batches = AsyncIterator<PacketBatch>;

/** What a source gave when it was asked: a batch, its end, or its failure. */
interface Arrival {
  readonly from: Batches;
  readonly batch?: PacketBatch | undefined;
  readonly failure?: { readonly error: unknown };
}

/**
 * The packets of several live sources, batch by batch as they come. Each is asked for its next batch when its last one
 * has been handled; what has come first goes first, so none waits longer than one batch of each other.
 */
export class MergedSources implements Source {
  readonly name: string;
  readonly #sources: readonly Source[];
  readonly #onLost: (error: UserError, endOthers: () => void) => void;

  /**
   * @param onLost told of each source that fails while others live; these give what they have and end, if it calls
   * `endOthers`
   */
  constructor(
    sources: readonly Source[],
    onLost: (error: UserError, endOthers: () => void) => void,
  ) {
    this.name = sources.map(({ name }) => name).join(', ');
    this.#sources = sources;
    this.#onLost = onLost;
  }

  /** Goes on while one source lives; throws at the end what the last one to fail has failed with. */
  async *batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch> {
    const left = new AbortController();
    const end = AbortSignal.any([stop, left.signal]);
    const endOthers = () => {
      left.abort();
    };
    // Each source listens: from eleven on, Node would call that a leak, on standard error.
    setMaxListeners(0, end, ...(giveUp ? [giveUp] : []));
    const arrivals = new Arrivals();
    const all = this.#sources.map((source) => source.batches(end, giveUp)[Symbol.asyncIterator]());
    for (const batches of all) arrivals.expect(batches);
    let living = all.length;
    let lost: UserError | undefined;
    try {
      while (living > 0) {
        const { from, batch, failure } = await arrivals.next();
        if (batch) {
          yield batch;
          arrivals.expect(from);
          continue;
        }
        living--;
        if (!failure) continue;
        if (!(failure.error instanceof UserError)) throw failure.error;
        lost = failure.error;
        if (living > 0) this.#onLost(lost, endOthers);
      }
    } finally {
      // Nobody may be closed while it is still asked.
      left.abort();
      await arrivals.all();
      for (const batches of all) await batches.return?.();
    }
    if (lost) throw lost;
  }

  account(): Account {
    return sideBySide(
      this.#sources.map((source) => {
        const account = source.account();
        return { ...account, sources: new Map([[source.name, account.in]]) };
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }
}

/** The answers of those who were asked, in the order in which they come. */
class Arrivals {
  readonly #arrived: Arrival[] = [];
  #expected = 0;
  #wake: () => void = () => undefined;

  expect(from: Batches): void {
    this.#expected++;
    from.next().then(
      ({ done, value }) => {
        this.#add(done === true ? { from } : { from, batch: value });
      },
      (error: unknown) => {
        this.#add({ from, failure: { error } });
      },
    );
  }

  async next(): Promise<Arrival> {
    for (;;) {
      const arrival = this.#arrived.shift();
      if (arrival) {
        this.#expected--;
        return arrival;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits for every answer that is still to come. */
  async all(): Promise<void> {
    while (this.#expected > 0) await this.next();
  }

  #add(arrival: Arrival): void {
    this.#arrived.push(arrival);
    this.#wake();
  }
}
