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

  async *batches(stop: AbortSignal): AsyncIterable<PacketBatch> {
    const onStop = () => {
      this.#capture.stop();
    };
    if (stop.aborted) onStop();
    stop.addEventListener('abort', onStop, { once: true });
    for (let batch; (batch = await this.#capture.next()) !== null;) yield batch;
  }

  counters(): SourceCounters {
    const drops = this.#capture.drops();
    return {
      ...NOTHING_COUNTED,
      droppedKernel: drops.kernel,
      droppedInterface: drops.interface,
    };
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }
}
