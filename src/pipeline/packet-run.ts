import { firstPackets, frameBytes, type PacketBatch } from '../packet/packet-batch.js';
import { PartlyWritten, ReaderLeft, type Sink, type Source, type Stage } from './contracts.js';
import type { Stop } from './stop.js';
import { summarize, type Summary } from './summary.js';

/** One way from a source through stages into a sink, and the account of what went along it. */
export class PacketRun {
  readonly #source: Source;
  readonly #stages: readonly Stage[];
  readonly #sink: Sink;
  readonly #startedAt = performance.now();
  #taken = 0;
  #takenBytes = 0;

  constructor(source: Source, stages: readonly Stage[], sink: Sink) {
    this.#source = source;
    this.#stages = stages;
    this.#sink = sink;
  }

  /** Moves packets until the source ends, a stage is finished, the reader leaves or a stop is requested. */
  async run(stop: Stop): Promise<void> {
    const moved = await failureOf(this.#moveAll(stop));
    const flushed = await failureOf(this.#sink.flush(stop.giveUp));
    stop.clear();
    // What failed first is the cause of the rest.
    const failure = moved ?? flushed;
    if (failure) throw failure.error;
  }

  async close(): Promise<void> {
    try {
      await this.#source.close();
    } finally {
      await this.#sink.close();
    }
  }

  /** The account so far; with `unsettled`, what is still under way counts as failed for that cause. */
  summary(unsettled?: string): Summary {
    return summarize({
      unsettled,
      source: this.#source.counters(),
      stages: this.#stages.map((stage) => stage.counters()),
      sink: this.#sink.counters(),
      taken: this.#taken,
      takenBytes: this.#takenBytes,
      durationMs: performance.now() - this.#startedAt,
    });
  }

  async #moveAll(stop: Stop): Promise<void> {
    for await (const batch of this.#source.batches(stop.requested, stop.giveUp)) {
      this.#count(batch, 1);
      let passed = batch;
      try {
        for (const stage of this.#stages) {
          const ready = stage.prepare?.(passed);
          if (ready) await orStopped(ready, stop.requested);
          passed = stage.apply(passed);
        }
        await this.#sink.write(passed, stop.giveUp);
      } catch (error) {
        // What did not go out was not taken: a later run reads it again.
        this.#count(passed, -1);
        if (error instanceof ReaderLeft && error.packetsHandled > 0) {
          const handled = firstPackets(passed, error.packetsHandled);
          this.#count(handled, 1);
          this.#acknowledge(handled);
        }
        throw error;
      }
      this.#acknowledge(passed);
      if (this.#stages.some((stage) => stage.finished)) {
        stop.finish();
        return;
      }
    }
  }

  #acknowledge(batch: PacketBatch): void {
    if (batch.origin) this.#source.acknowledge?.(batch.origin);
  }

  #count(batch: PacketBatch, sign: 1 | -1): void {
    this.#taken += sign * batch.count;
    this.#takenBytes += sign * frameBytes(batch);
  }
}

/** Thrown where the run is asked to end before a batch could be handled. */
class Stopped extends Error {}

/** Waits for the work, but not beyond a stop: then it throws Stopped. */
async function orStopped(work: Promise<void>, requested: AbortSignal): Promise<void> {
  let onStop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    onStop = () => {
      reject(new Stopped());
    };
    if (requested.aborted) onStop();
    requested.addEventListener('abort', onStop, { once: true });
  });
  try {
    await Promise.race([work, stopped]);
  } finally {
    requested.removeEventListener('abort', onStop);
  }
}

/** What the work failed with; a reader that leaves is no failure, nor is a stop. */
async function failureOf(work: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PartlyWritten) return { error: error.failure };
    if (!(error instanceof ReaderLeft || error instanceof Stopped)) return { error };
  }
  return undefined;
}
