import { randomFillSync } from 'node:crypto';

import { SlotOrder } from './slot-order.js';

const NONE = -1;

/**
 * A bounded number of slots, found by keys of a few 32-bit numbers: a hash table that allocates nothing after it has been
 * made. The caller writes the key that it means into `key`, and keeps what it knows of a slot in arrays of its own. How
 * keys are spread is secret, so that nobody can choose keys that meet.
 */
export class KeyTable {
  readonly key: Int32Array;
  /** The slots in use, in the order in which they were taken, or in another that the caller makes. */
  readonly order: SlotOrder;
  readonly #capacity: number;
  readonly #factors: Int32Array;
  readonly #keys: Int32Array;
  readonly #shift: number;
  /** By hash, the first slot; and by slot, the next one, or the next one that is free. */
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  #free = NONE;
  #used = 0;
  #size = 0;

  /**
   * @param capacity most slots
   * @param words 32-bit numbers of a key
   */
  constructor(capacity: number, words: number) {
    this.#capacity = capacity;
    this.key = new Int32Array(words);
    this.order = new SlotOrder(capacity);
    // Odd factors, and the upper bits of the sum: multiply-shift hashing (Dietzfelbinger).
    this.#factors = randomFillSync(new Int32Array(words)).map((factor) => factor | 1);
    this.#keys = new Int32Array(capacity * words);
    const bits = Math.max(Math.ceil(Math.log2(capacity)), 1);
    this.#shift = 32 - bits;
    this.#buckets = new Int32Array(1 << bits).fill(NONE);
    this.#next = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.#capacity;
  }

  /** The slot of the key; -1 where there is none. */
  find(): number {
    const { key } = this;
    const keys = this.#keys;
    const words = key.length;
    let slot = this.#buckets[this.#bucketOf(key, 0)] ?? NONE;
    while (slot !== NONE) {
      const at = slot * words;
      let word = 0;
      while (word < words && keys[at + word] === key[word]) word++;
      if (word === words) return slot;
      slot = this.#next[slot] ?? NONE;
    }
    return NONE;
  }

  /** Takes a slot for the key, which has none, while the table is not full. */
  take(): number {
    const { key } = this;
    let slot = this.#free;
    if (slot === NONE) slot = this.#used++;
    else this.#free = this.#next[slot] ?? NONE;
    const at = slot * key.length;
    for (let word = 0; word < key.length; word++) this.#keys[at + word] = key[word] ?? 0;
    const bucket = this.#bucketOf(key, 0);
    this.#next[slot] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = slot;
    this.order.append(slot);
    this.#size++;
    return slot;
  }

  release(slot: number): void {
    const bucket = this.#bucketOf(this.#keys, slot * this.key.length);
    const after = this.#next[slot] ?? NONE;
    let other = this.#buckets[bucket] ?? NONE;
    if (other === slot) this.#buckets[bucket] = after;
    else {
      while (other !== NONE && this.#next[other] !== slot) other = this.#next[other] ?? NONE;
      this.#next[other] = after;
    }
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.order.remove(slot);
    this.#size--;
  }

  /** A number of the key of a slot in use. */
  word(slot: number, index: number): number {
    return this.#keys[slot * this.key.length + index] ?? 0;
  }

  #bucketOf(keys: Int32Array, at: number): number {
    const factors = this.#factors;
    let sum = 0;
    for (let word = 0; word < factors.length; word++)
      sum = (sum + Math.imul(keys[at + word] ?? 0, factors[word] ?? 0)) | 0;
    return sum >>> this.#shift;
  }
}
