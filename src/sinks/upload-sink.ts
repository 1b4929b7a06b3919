import { setTimeout as delay } from 'node:timers/promises';
import type { Cause } from '../errors/cause.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { withOutcomes, type Account, type Count } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';

/** What became of a file: it is there, it waits on disk for the next start, or it is gone. */
export type UploadFate = 'sent' | 'kept' | 'lost';

export interface FinishedFile {
  readonly path: string;
  /** What is in it; undefined where an earlier run has left it. */
  readonly count: Count | undefined;
}

export interface UploadSinkOptions {
  /** Sends or keeps a finished file; does not throw. From when `giveUp` is aborted on, nothing is tried again. */
  readonly send: (file: FinishedFile, giveUp: AbortSignal) => Promise<UploadFate>;
  /** Where files are that could not be sent. */
  readonly keptIn: string;
  /** Files of an earlier run that was killed: they go first. In no account. */
  readonly left: readonly string[];
}

const DROPPED: Cause = {
  id: 'upload-dropped',
  fate: 'failed',
  loss: true,
  text: 'failed: kept until newer files took their room',
};
const LOST: Cause = {
  id: 'upload-lost',
  fate: 'failed',
  loss: true,
  text: 'failed: neither uploaded nor kept',
};

/** Finished files that may wait for their turn: beyond it, packets wait. */
const MOST_WAITING = 4;
const LOOK_MS = 50;

/** Packets as files that are sent somewhere, one after the other. A packet is out once its file has arrived. */
export class UploadSink implements Sink {
  readonly #options: UploadSinkOptions;
  readonly #files: Sink;
  readonly #waiting: FinishedFile[] = [];
  readonly #counts: Record<UploadFate | 'dropped', { packets: number; bytes: number }> = {
    sent: { packets: 0, bytes: 0 },
    kept: { packets: 0, bytes: 0 },
    lost: { packets: 0, bytes: 0 },
    dropped: { packets: 0, bytes: 0 },
  };
  readonly #giveUp = new AbortController();
  #sending: Promise<void> | undefined;

  /** @param files writes the files; its opener calls add() for each that is finished */
  constructor(files: Sink, options: UploadSinkOptions) {
    this.#files = files;
    this.#options = options;
    for (const path of options.left) this.add({ path, count: undefined });
  }

  /** A file is finished. */
  add(file: FinishedFile): void {
    this.#waiting.push(file);
    this.#sending ??= this.#sendAll();
  }

  /** So much of what was kept is gone. */
  drop({ packets, bytes }: Count): void {
    const { kept, dropped } = this.#counts;
    kept.packets -= packets;
    kept.bytes -= bytes;
    dropped.packets += packets;
    dropped.bytes += bytes;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    while (this.#waiting.length >= MOST_WAITING && !giveUp.aborted) await delay(LOOK_MS);
    await this.#files.write(batch, giveUp);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.#files.flush(giveUp);
    const end = () => {
      this.#giveUp.abort();
    };
    if (giveUp.aborted) end();
    else giveUp.addEventListener('abort', end, { once: true });
    await this.#sending;
    giveUp.removeEventListener('abort', end);
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#files.onFailure?.(listener);
  }

  account(): Account {
    const { sent, kept, lost, dropped } = this.#counts;
    const { keptIn } = this.#options;
    const text = `wait in ${keptIn}: the next run of the task sends them`;
    const spooled: Cause = { id: 'upload-kept', fate: 'spooled', loss: false, text };
    return withOutcomes({ ...this.#files.account(), out: { ...sent }, spool: keptIn }, [
      { cause: spooled, ...kept },
      { cause: LOST, ...lost },
      { cause: DROPPED, ...dropped },
    ]);
  }

  async close(): Promise<void> {
    this.#giveUp.abort();
    await this.#sending;
    await this.#files.close();
  }

  async #sendAll(): Promise<void> {
    for (let next; (next = this.#waiting[0]); this.#waiting.shift()) {
      const fate = await this.#options.send(next, this.#giveUp.signal);
      const count = this.#counts[fate];
      count.packets += next.count?.packets ?? 0;
      count.bytes += next.count?.bytes ?? 0;
    }
    this.#sending = undefined;
  }
}
