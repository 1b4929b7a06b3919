import type { Cause } from '../errors/cause.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, withOutcomes, type Account } from './account.js';
import type { Sink } from './contracts.js';

const TOO_SLOW: Cause = {
  id: 'end-too-slow',
  fate: 'failed',
  loss: true,
  text: 'dropped because this end was too slow for them',
};

/** A sink that never holds up whoever writes to it: what it can't take in time waits as a copy, up to a bound. */
export class DroppingSink implements Sink {
  readonly #sink: Sink;
  readonly #limitBytes: number;
  readonly #tally = new Tally();
  readonly #waiting: PacketBatch[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param limitBytes of the records that may wait */
  constructor(sink: Sink, limitBytes: number) {
    this.#sink = sink;
    this.#limitBytes = limitBytes;
  }

  write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#tally.take(countOf(batch));
    if (this.#waitingBytes + batch.bytes.length > this.#limitBytes) {
      this.#tally.settle(TOO_SLOW, countOf(batch));
    } else {
      const { bytes, count, link } = batch;
      // Who gave the batch uses its memory again.
      this.#waiting.push({ bytes: Buffer.from(bytes), count, link });
      this.#waitingBytes += batch.bytes.length;
      this.#writing ??= this.#writeAll(giveUp);
    }
    return Promise.resolve();
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.#writing;
    await this.#sink.flush(giveUp);
    if (this.#failure) throw this.#failure.error;
  }

  account(): Account {
    const { out, outcomes, beside } = this.#sink.account();
    return withOutcomes({ ...this.#tally.account(beside), out }, outcomes.values());
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }

  async #writeAll(giveUp: AbortSignal): Promise<void> {
    try {
      for (let batch; (batch = this.#waiting[0]); this.#waiting.shift()) {
        const before = this.#sink.account().in;
        try {
          await this.#sink.write(batch, giveUp);
        } catch (error) {
          const { packets, bytes } = this.#sink.account().in;
          const taken = { packets: packets - before.packets, bytes: bytes - before.bytes };
          const { packets: all, bytes: allBytes } = countOf(batch);
          this.#tally.giveBack({ packets: all - taken.packets, bytes: allBytes - taken.bytes });
          throw error;
        }
        this.#waitingBytes -= batch.bytes.length;
      }
    } catch (error) {
      this.#failure = { error };
      for (const batch of this.#waiting.splice(0).slice(1)) this.#tally.giveBack(countOf(batch));
    } finally {
      this.#writing = undefined;
    }
  }
}
