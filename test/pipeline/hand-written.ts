import { once } from 'node:events';

import type { Origin, PacketBatch } from '#kcap/packet/packet-batch.js';
import {
  NOTHING_COUNTED,
  type Sink,
  type SinkCounters,
  type Source,
  type SourceCounters,
  type Stage,
  type StageCounters,
} from '#kcap/pipeline/contracts.js';
import { frameBytes } from '#kcap/packet/packet-batch.js';

/** Sources, stages and sinks that note in one diary what happens to them, in order. */
export type Diary = string[];

export interface SourceOptions {
  /** What it throws after its last batch. */
  readonly error?: Error;
  /** After its last batch it waits for a stop. */
  readonly endless?: boolean;
  readonly counters?: Partial<SourceCounters>;
}

export class HandWrittenSource implements Source {
  readonly name = 'hand-written';
  readonly #diary: Diary;
  readonly #batches: readonly PacketBatch[];
  readonly #options: SourceOptions;

  constructor(diary: Diary, batches: readonly PacketBatch[], options: SourceOptions = {}) {
    this.#diary = diary;
    this.#batches = batches;
    this.#options = options;
  }

  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    try {
      for (const batch of this.#batches) {
        this.#diary.push(`give ${batch.count}`);
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

  counters(): SourceCounters {
    return { ...NOTHING_COUNTED, ...this.#options.counters };
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

  counters(): StageCounters {
    return { filtered: 0, returned: 0, returnedBytes: 0 };
  }
}

export interface SinkOptions {
  /** What happens in a write, before it counts as written. */
  readonly onWrite?: (batch: PacketBatch, giveUp: AbortSignal) => Promise<void>;
  readonly onFlush?: (giveUp: AbortSignal) => Promise<void>;
  readonly counters?: Partial<SinkCounters>;
}

export class HandWrittenSink implements Sink {
  readonly #diary: Diary;
  readonly #options: SinkOptions;
  #out = 0;
  #bytesOut = 0;

  constructor(diary: Diary, options: SinkOptions = {}) {
    this.#diary = diary;
    this.#options = options;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    this.#diary.push(`write ${batch.count}`);
    await this.#options.onWrite?.(batch, giveUp);
    this.#diary.push(`written ${batch.count}`);
    this.#out += batch.count;
    this.#bytesOut += frameBytes(batch);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#diary.push('flush');
    await this.#options.onFlush?.(giveUp);
  }

  counters(): SinkCounters {
    const { counters } = this.#options;
    return { out: this.#out, bytesOut: this.#bytesOut, failed: {}, unusable: {}, ...counters };
  }

  close(): Promise<void> {
    this.#diary.push('close sink');
    return Promise.resolve();
  }
}
