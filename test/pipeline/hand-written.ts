import { once } from 'node:events';

import { firstPackets, type Origin, type PacketBatch } from '#kcap/packet/packet-batch.js';
import {
  countOf,
  Tally,
  withEnded,
  type Account,
  type Beside,
  type Outcome,
} from '#kcap/pipeline/account.js';
import { ReaderLeft, type Sink, type Source, type Stage } from '#kcap/pipeline/contracts.js';

/** Sources, stages and sinks that note in one diary what happens to them, in order. */
export type Diary = string[];

export interface SourceOptions {
  /** What it throws after its last batch. */
  readonly error?: Error;
  /** After its last batch it waits for a stop. */
  readonly endless?: boolean;
  readonly outcomes?: readonly Outcome[];
  readonly beside?: Beside;
}

export class HandWrittenSource implements Source {
  readonly name = 'hand-written';
  readonly #diary: Diary;
  readonly #batches: readonly PacketBatch[];
  readonly #options: SourceOptions;
  readonly #tally = new Tally();

  constructor(diary: Diary, batches: readonly PacketBatch[], options: SourceOptions = {}) {
    this.#diary = diary;
    this.#batches = batches;
    this.#options = options;
  }

  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    try {
      for (const batch of this.#batches) {
        this.#diary.push(`give ${batch.count}`);
        this.#tally.give(countOf(batch));
        yield batch;
        if (stop.aborted) return;
      }
      if (this.#options.endless === true && !stop.aborted) await once(stop, 'abort');
      if (this.#options.error) throw this.#options.error;
    } finally {
      this.#diary.push('source ends');
    }
  }

  acknowledge(origin: Origin): void {
    const offsets = origin.next.map(({ partition, offset }) => `${partition}:${offset}`);
    this.#diary.push(`acknowledge ${offsets.join(' ')}`);
  }

  account(): Account {
    const { outcomes = [], beside = {} } = this.#options;
    return withEnded(this.#tally.account(beside), outcomes);
  }

  close(): Promise<void> {
    this.#diary.push('close source');
    return Promise.resolve();
  }
}

export class HandWrittenStage implements Stage {
  readonly finished = false;
  readonly #diary: Diary;
  readonly #name: string;

  constructor(diary: Diary, name: string) {
    this.#diary = diary;
    this.#name = name;
  }

  apply(batch: PacketBatch): PacketBatch {
    this.#diary.push(`stage ${this.#name} ${batch.count}`);
    return batch;
  }

  account(): Account {
    return new Tally().account();
  }
}

export interface SinkOptions {
  /** What happens in a write, before it counts as written. */
  readonly onWrite?: (batch: PacketBatch, giveUp: AbortSignal) => Promise<void>;
  readonly onFlush?: (giveUp: AbortSignal) => Promise<void>;
  /** What becomes of packets that do not go out. */
  readonly outcomes?: readonly Outcome[];
}

export class HandWrittenSink implements Sink {
  readonly #diary: Diary;
  readonly #options: SinkOptions;
  readonly #tally = new Tally();

  constructor(diary: Diary, options: SinkOptions = {}) {
    this.#diary = diary;
    this.#options = options;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    this.#diary.push(`write ${batch.count}`);
    await this.#tally.during(countOf(batch), async () => {
      try {
        await this.#options.onWrite?.(batch, giveUp);
      } catch (error) {
        if (error instanceof ReaderLeft)
          this.#tally.pass(countOf(firstPackets(batch, error.packetsHandled)));
        throw error;
      }
      this.#diary.push(`written ${batch.count}`);
      this.#tally.pass(countOf(batch));
    });
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#diary.push('flush');
    await this.#options.onFlush?.(giveUp);
  }

  account(): Account {
    return withEnded(this.#tally.account(), this.#options.outcomes ?? []);
  }

  close(): Promise<void> {
    this.#diary.push('close sink');
    return Promise.resolve();
  }
}
