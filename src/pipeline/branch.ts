import { firstPackets, type PacketBatch } from '../packet/packet-batch.js';
import { inSequence, type Account } from './account.js';
import { PartlyWritten, ReaderLeft, type Sink, type Stage } from './contracts.js';
import { DroppingSink } from './dropping-sink.js';
import { Stopped, throughStages } from './stage-sequence.js';
import type { Stop } from './stop.js';

export interface BranchOptions {
  /** What the end is, for people: a topic, a file. */
  readonly name: string;
  /** Stages of this branch alone. */
  readonly stages?: readonly Stage[];
  readonly sink: Sink;
  /** Whether a slow end holds up the others, or drops and counts what would wait beyond so many bytes. */
  readonly whenSlow?: 'wait' | { readonly dropBeyondBytes: number };
}

/** One of the ways that the packets of a run take: its own stages and its end. It ends alone. */
export class Branch {
  readonly name: string;
  readonly #stages: readonly Stage[];
  readonly #sink: Sink;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor({ name, stages = [], sink, whenSlow = 'wait' }: BranchOptions) {
    this.name = name;
    this.#stages = stages;
    this.#sink = whenSlow === 'wait' ? sink : new DroppingSink(sink, whenSlow.dropBeyondBytes);
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
      await this.#sink.write(passed, stop.giveUp);
      this.#ended = this.#stages.some((stage) => stage.finished);
      return passed;
    } catch (error) {
      this.#end(error);
      return firstPackets(passed, error instanceof ReaderLeft ? error.packetsHandled : 0);
    }
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
    return inSequence(
      this.#stages.map((stage) => stage.account()),
      this.#sink.account(),
    );
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }

  #end(error: unknown): void {
    this.#ended = true;
    // What failed first is the cause of the rest.
    if (error instanceof PartlyWritten) this.#failure ??= { error: error.failure };
    else if (!(error instanceof ReaderLeft || error instanceof Stopped))
      this.#failure ??= { error };
  }
}
