import type { Cause } from '../errors/cause.js';
import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import {
  countOf,
  difference,
  inSequence,
  Tally,
  withEnded,
  type Account,
  type Count,
} from './account.js';
import {
  END_FAILED,
  PartlyWritten,
  ReaderLeft,
  TOO_SLOW,
  type Sink,
  type Stage,
} from './contracts.js';
import { DroppingSink, type DropWhenSlow } from './dropping-sink.js';
import type { Pace } from './pace.js';
import { Stopped, throughStages } from './stage-sequence.js';
import type { Stop } from './stop.js';

export interface BranchOptions {
  /** What the end is, for people: a topic, a file. */
  readonly name: string;
  /** Stages of this branch alone. */
  readonly stages?: readonly Stage[];
  readonly sink: Sink;
  /** Whether a slow end holds up the others, or drops and counts what would wait beyond so many bytes. */
  readonly whenSlow?: 'wait' | DropWhenSlow;
  /** Measures its batches, where somebody wants to know. */
  readonly pace?: Pace | undefined;
  /** Called as soon as it has failed: others may go on for long. */
  readonly onFailure?: (error: unknown) => void;
}

/** One of the ways that the packets of a run take: its own stages and its end. It ends alone. */
export class Branch {
  readonly name: string;
  readonly #stages: readonly Stage[];
  readonly #sink: Sink;
  readonly #pace: Pace | undefined;
  readonly #onFailure: (error: unknown) => void;
  #onEnd: () => void = () => undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  /** Why it takes nothing that others still take; undefined where its reader wants no more. */
  #missing: Cause | undefined;
  /** Of the batch with which it ended, what it did not take. */
  #untaken: Count | undefined;
  readonly #missed = new Tally();

  constructor({ name, stages = [], sink, whenSlow = 'wait', pace, onFailure }: BranchOptions) {
    this.name = name;
    this.#pace = pace;
    this.#stages = stages;
    this.#sink = whenSlow === 'wait' ? sink : new DroppingSink(sink, whenSlow);
    this.#onFailure = onFailure ?? (() => undefined);
    this.#sink.onFailure?.((error) => {
      this.#end(error);
      this.#missing = END_FAILED;
      this.#onEnd();
    });
  }

  /** Calls `listener` once its end has failed by itself: nobody may be giving it a batch that would tell. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Takes nothing any more: it failed, its reader left, or a stage of its own is finished. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What it failed with; a reader that leaves is no failure, nor is a stop. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Takes a batch; the packets at its beginning that it has dealt with. What goes wrong ends the branch. */
  async take(batch: PacketBatch, stop: Stop): Promise<PacketBatch> {
    let passed = batch;
    try {
      passed = await throughStages(this.#stages, batch, stop.requested);
      this.#pace?.gave(this.name, passed.count);
      await this.#sink.write(passed, stop.giveUp);
      this.#ended = this.#stages.some((stage) => stage.finished);
      return passed;
    } catch (error) {
      this.#end(error);
      const taken = firstPackets(passed, error instanceof ReaderLeft ? error.packetsHandled : 0);
      if (this.#failure) this.#missing = END_FAILED;
      else if (stop.giveUp.aborted) this.#missing = TOO_SLOW;
      this.#untaken = difference(countOf(passed), countOf(taken));
      return taken;
    }
  }

  /**
   * Others go on: to this one, unless its reader has had enough, what it can't take is lost.
   *
   * @param batch that it was not given; undefined for the one that it ended with
   */
  miss(batch: PacketBatch | undefined): void {
    const missed = batch ? countOf(batch) : this.#untaken;
    if (this.#missing && missed) this.#missed.settle(this.#missing, missed);
  }

  /** Resolves when everything has gone out or failed. */
  async flush(giveUp: AbortSignal): Promise<void> {
    try {
      await this.#sink.flush(giveUp);
    } catch (error) {
      this.#end(error);
    }
  }

  account(): Account {
    const before = this.#stages.map((stage) => stage.account());
    const account = inSequence(before, this.#sink.account());
    return withEnded(account, [...this.#missed.account().outcomes.values()]);
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }

  #end(error: unknown): void {
    this.#ended = true;
    const failure = error instanceof PartlyWritten ? error.failure : error;
    // What failed first is the cause of the rest.
    if (failure instanceof ReaderLeft || failure instanceof Stopped || this.#failure) return;
    this.#failure = { error: failure };
    this.#onFailure(failure);
  }
}
