import type { LiveCapture } from '../capture/live-capture.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';

/** The packets of a live capture. */
export class InterfaceSource implements Source {
  readonly name: string;
  readonly #capture: LiveCapture;
  readonly #tally = new Tally();

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
    for (let batch; (batch = await this.#capture.next()) !== null;) {
      this.#tally.give(countOf(batch));
      yield batch;
    }
  }

  account(): Account {
    const { kernel, interface: device } = this.#capture.drops();
    return this.#tally.account({ dropped_kernel: kernel, dropped_interface: device });
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }
}
