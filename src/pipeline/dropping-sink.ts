import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, difference, Tally, withOutcomes, type Account, type Count } from './account.js';
import { END_FAILED, PartlyWritten, ReaderLeft, TOO_SLOW, type Sink } from './contracts.js';
import { GiveUp } from './give-up.js';

/** What an end does that must not hold up others. */
export interface DropWhenSlow {
  /** Bytes of records that may wait; what would wait beyond them is dropped. */
  readonly dropBeyondBytes: number;
  /** How long the end of the run waits for what waits here, while this end takes nothing. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;

/** A sink that never holds up its writer: what it can't take in time waits as a copy, up to a bound. */
export class DroppingSink implements Sink {
  readonly #sink: Sink;
  readonly #limitBytes: number;
  readonly #patienceMs: number;
  readonly #tally = new Tally();
  readonly #waiting: PacketBatch[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Ends the writing of what waits: at the end of the run's patience, or of this one's. */
  readonly #giveUp = new GiveUp();

  constructor(sink: Sink, { dropBeyondBytes, patienceMs = PATIENCE_MS }: DropWhenSlow) {
    this.#sink = sink;
    this.#limitBytes = dropBeyondBytes;
    this.#patienceMs = patienceMs;
  }

  write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#giveUp.follow(giveUp);
    this.#tally.take(countOf(batch));
    if (this.#waitingBytes + batch.bytes.length > this.#limitBytes) {
      this.#tally.settle(TOO_SLOW, countOf(batch));
    } else {
      const { bytes, count, link } = batch;
      // Who gave the batch uses its memory again.
      this.#waiting.push({ bytes: Buffer.from(bytes), count, link });
      this.#waitingBytes += batch.bytes.length;
      this.#writing ??= this.#writeAll();
    }
    return Promise.resolve();
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#giveUp.follow(giveUp);
    await this.#patiently(async () => {
      await this.#writing;
      if (!this.#failure) await this.#sink.flush(this.#giveUp.signal);
    });
    if (this.#failure) throw this.#failure.error;
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#sink.onFailure?.(listener);
  }

  account(): Account {
    const { out, outcomes, beside } = this.#sink.account();
    return withOutcomes({ ...this.#tally.account(beside), out }, outcomes.values());
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }

  async #writeAll(): Promise<void> {
    try {
      for (let batch; (batch = this.#waiting[0]); this.#waiting.shift()) {
        const before = this.#sink.account().in;
        try {
          await this.#sink.write(batch, this.#giveUp.signal);
        } catch (error) {
          const taken = difference(this.#sink.account().in, before);
          this.#end(error, difference(countOf(batch), taken));
          return;
        }
        this.#waitingBytes -= batch.bytes.length;
      }
    } finally {
      this.#writing = undefined;
    }
  }

  /** @param rest of the batch that was being written */
  #end(error: unknown, rest: Count): void {
    this.#failure = { error: ofLaterBatches(error) };
    const leftBehind = [rest, ...this.#waiting.splice(0).slice(1).map(countOf)];
    const hasLeft = error instanceof ReaderLeft && !(error instanceof PartlyWritten);
    for (const count of leftBehind)
      if (this.#giveUp.signal.aborted) this.#tally.settle(TOO_SLOW, count);
      // A reader that has had enough loses nothing.
      else if (hasLeft) this.#tally.giveBack(count);
      else this.#tally.settle(END_FAILED, count);
  }

  /** Waits for the work as long as it makes progress: nobody may come to take the rest. */
  async #patiently(work: () => Promise<void>): Promise<void> {
    let before = this.#sink.account().out.packets;
    const timer = setInterval(() => {
      const now = this.#sink.account().out.packets;
      if (now === before) this.#giveUp.now();
      before = now;
    }, this.#patienceMs);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
  }
}

/** How much of a batch went out before the failure says nothing of the next batches. */
function ofLaterBatches(error: unknown): unknown {
  if (error instanceof PartlyWritten) return error.failure;
  return error instanceof ReaderLeft ? new ReaderLeft() : error;
}
