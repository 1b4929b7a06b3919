import { setTimeout as pause } from 'node:timers/promises';

/** Records that may wait where they can't be delivered. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface LogCarrierOptions {
  /** Delivers records, each a line of JSON; throws where that has failed and may be tried again. */
  readonly deliver: (records: readonly string[]) => Promise<void>;
  /** How many records are delivered together at most. */
  readonly batchRecords: number;
  /** How long the first of them waits for others, in ms. */
  readonly batchMs: number;
  /** Says, once, what is wrong, and that it is over. */
  readonly say: (text: string) => void;
  /** What is wrong, in words. */
  readonly wordsFor: (error: unknown) => string;
  readonly maxWaitingBytes?: number;
}

/**
 * Carries log records to a place that may take none for a while: they wait in memory up to a bound, then the oldest
 * are lost, and counted. Logging never waits.
 */
export class LogCarrier {
  readonly #options: LogCarrierOptions;
  readonly #maxWaitingBytes: number;
  readonly #closing = new AbortController();
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #carrying: Promise<void> | undefined;
  #hasTrouble = false;

  constructor(options: LogCarrierOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
  }

  write(record: string): void {
    if (this.#closing.signal.aborted) return;
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    while (this.#waitingBytes > this.#maxWaitingBytes) {
      this.#waitingBytes -= this.#waiting.shift()?.length ?? 0;
      this.#lost++;
    }
    this.#carrying ??= this.#carry();
  }

  /** Delivers what waits, if that works at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#carrying;
  }

  async #carry(): Promise<void> {
    const { batchMs, deliver } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < this.#options.batchRecords) await this.#pause(batchMs);
      const records = this.#take();
      while (records.length > 0) {
        try {
          await deliver(records);
          break;
        } catch (error) {
          this.#sayTrouble(error);
        }
        // A last try was made.
        if (this.#closing.signal.aborted) return;
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
      pauseMs = FIRST_PAUSE_MS;
      this.#sayBack();
    }
    this.#carrying = undefined;
  }

  #take(): string[] {
    const records = this.#waiting.splice(0, this.#options.batchRecords);
    for (const { length } of records) this.#waitingBytes -= length;
    return records;
  }

  #sayTrouble(error: unknown): void {
    if (this.#hasTrouble) return;
    this.#hasTrouble = true;
    this.#options.say(`${this.#options.wordsFor(error)}; log records wait in memory`);
  }

  #sayBack(): void {
    if (!this.#hasTrouble) return;
    this.#hasTrouble = false;
    const lost = this.#lost;
    this.#lost = 0;
    this.#options.say(
      lost === 0
        ? 'it works again; no log record was lost'
        : `it works again; '${lost}' log record(s) were lost`,
    );
  }

  /** A close ends it. */
  async #pause(ms: number): Promise<void> {
    if (ms === 0) return;
    await pause(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
  }
}
