import type { LiveCapture } from '../capture/live-capture.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, withEnded, type Account } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';

const ABANDONED: Cause = {
  id: 'left-in-kernel-buffer',
  fate: 'failed',
  loss: true,
  text: "left in the kernel's buffer at the drain timeout",
};

/** The packets of a live capture. */
export class InterfaceSource implements Source {
  readonly name: string;
  readonly #capture: LiveCapture;
  readonly #tally = new Tally();

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
    for (let batch; (batch = await this.#capture.next()) !== null;) {
      this.#tally.give(countOf(batch));
      yield batch;
    }
  }

  account(): Account {
    const { droppedKernel, droppedInterface, cut, abandoned, abandonedBytes } =
      this.#capture.counters();
    const beside = { dropped_kernel: droppedKernel, dropped_interface: droppedInterface, cut };
    return withEnded(this.#tally.account(beside), [
      { cause: ABANDONED, packets: abandoned, bytes: abandonedBytes },
    ]);
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
