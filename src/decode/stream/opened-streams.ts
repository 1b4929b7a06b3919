import { KeyTable } from '../memory/key-table.js';

const NONE = -1;

/**
 * Streams that have begun with a SYN and carried nothing yet: where their first byte will be. Apart from the others, so
 * that a flood of SYNs pushes out only its like.
 */
export class OpenedStreams {
  readonly #table: KeyTable;
  readonly #firstSequence: Uint32Array;

  constructor(capacity: number, keyWords: number) {
    this.#table = new KeyTable(capacity, keyWords);
    this.#firstSequence = new Uint32Array(capacity);
  }

  add(key: Int32Array, firstSequence: number): void {
    const table = this.#table;
    table.key.set(key);
    let slot = table.find();
    if (slot === NONE) {
      if (table.isFull) table.release(table.order.oldest);
      slot = table.take();
    }
    this.#firstSequence[slot] = firstSequence;
  }

  /** Forgets a stream; its first byte's sequence number, or -1 where it was not known. */
  take(key: Int32Array): number {
    const table = this.#table;
    table.key.set(key);
    const slot = table.find();
    if (slot === NONE) return NONE;
    table.release(slot);
    return this.#firstSequence[slot] ?? NONE;
  }
}
