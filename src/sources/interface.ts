import type { LiveCapture } from '../capture/live-capture.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { NOTHING_COUNTED, type Source, type SourceCounters } from '../pipeline/contracts.js';

/** The packets of a live capture. */
export class InterfaceSource implements Source {
  readonly name: string;
  readonly #capture: LiveCapture;

  constructor(capture: LiveCapture) {
    this.name = capture.interface;
    this.#capture = capture;
  }

  async *batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch> {
    onAbort(stop, () => {
      this.#capture.stop();
    });
    if (giveUp)
      onAbort(giveUp, () => {
        this.#capture.abandon();
      });
    for (let batch; (batch = await this.#capture.next()) !== null;) yield batch;
  }

  counters(): SourceCounters {
    return { ...NOTHING_COUNTED, ...this.#capture.counters() };
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
