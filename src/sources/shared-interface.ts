import type { LiveCapture } from '../capture/live-capture.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { sideBySide, type Account } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';
import { InterfaceSource } from './interface.js';
import { MergedSources } from './merged.js';

/**
 * The packets of an interface that several captures share: the workers. Those of a conversation come in order, others
 * as their workers have filled batches. If one worker fails, all end: its conversations would be missing.
 */
export class SharedInterfaceSource implements Source {
  readonly name: string;
  readonly #workers: readonly Source[];
  readonly #all: MergedSources;
  readonly #firstWorker: number;

  /**
   * @param captures of one interface; one at least
   * @param firstWorker the number of the first one, where those before it are elsewhere
   */
  constructor(captures: readonly LiveCapture[], firstWorker = 1) {
    this.#firstWorker = firstWorker;
    this.#workers = captures.map((capture) => new InterfaceSource(capture));
    this.#all = new MergedSources(this.#workers, (_error, endOthers) => {
      endOthers();
    });
    this.name = this.#workers[0]?.name ?? '';
  }

  batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch> {
    return this.#all.batches(stop, giveUp);
  }

  account(): Account {
    const accounts = this.#workers.map((worker) => worker.account());
    const all = sideBySide(accounts);
    // The interface says the same number to each of them.
    const dropped_interface = Math.max(
      ...accounts.map(({ beside }) => beside.dropped_interface ?? 0),
    );
    return {
      ...all,
      beside: { ...all.beside, dropped_interface },
      workers: accounts.map(({ in: { packets }, beside }, index) => ({
        interface: this.name,
        worker: this.#firstWorker + index,
        packets_in: packets,
        dropped_kernel: beside.dropped_kernel ?? 0,
      })),
    };
  }

  close(): Promise<void> {
    return this.#all.close();
  }
}
