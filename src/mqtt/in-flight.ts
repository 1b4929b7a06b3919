import { identify, markAgain, payloadAt } from './publish-packet.js';

const IDENTIFIERS = 0x1_0000;
/** As many as leave most identifiers free. */
const MOST_MESSAGES = 20_000;
/** Of packets that are kept; one batch more may be. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Packets that were sent together. */
interface Batch {
  readonly bytes: Buffer;
  /** Where packet `index` lies: from its start up to the next one's. */
  readonly starts: Int32Array;
  readonly identifiers: Uint16Array;
  readonly isAcknowledged: Uint8Array;
  left: number;
}

/** PUBLISH packets that the broker has not acknowledged, in the order in which they were sent. */
export class InFlight {
  /** Messages. */
  count = 0;
  #bytes = 0;
  #last = 0;
  readonly #batches: Batch[] = [];
  readonly #owners = new Array<Batch | undefined>(IDENTIFIERS);
  /** Of each identifier, which packet of its batch it is. */
  readonly #indexes = new Int32Array(IDENTIFIERS);

  /** How many messages may be added. */
  get room(): number {
    return this.#bytes >= MOST_BYTES ? 0 : MOST_MESSAGES - this.count;
  }

  /**
   * Adds no more packets than there is room for, and gives each its identifier.
   *
   * @param bytes of the packets, one after the other: they are kept
   * @param ends where each of them ends
   */
  add(bytes: Buffer, ends: Int32Array): void {
    const starts = new Int32Array(ends.length + 1);
    starts.set(ends, 1);
    const identifiers = new Uint16Array(ends.length);
    const isAcknowledged = new Uint8Array(ends.length);
    const batch: Batch = { bytes, starts, identifiers, isAcknowledged, left: ends.length };
    for (let index = 0; index < ends.length; index++) {
      const identifier = this.#next();
      identify(bytes, starts[index] ?? 0, identifier);
      identifiers[index] = identifier;
      this.#owners[identifier] = batch;
      this.#indexes[identifier] = index;
    }
    this.count += ends.length;
    this.#bytes += bytes.length;
    this.#batches.push(batch);
  }

  /** The bytes of the payload that was acknowledged; undefined where nobody had sent it. */
  acknowledge(identifier: number): number | undefined {
    const batch = this.#owners[identifier];
    if (!batch) return undefined;
    this.#owners[identifier] = undefined;
    const index = this.#indexes[identifier] ?? 0;
    batch.isAcknowledged[index] = 1;
    batch.left--;
    this.count--;
    while (this.#batches[0]?.left === 0) this.#bytes -= this.#batches.shift()?.bytes.length ?? 0;
    return (batch.starts[index + 1] ?? 0) - payloadAt(batch.bytes, batch.starts[index] ?? 0);
  }

  /** Gives up the oldest one: its payload's bytes. */
  giveUpOldest(): number | undefined {
    const [batch] = this.#batches;
    const index = batch?.isAcknowledged.indexOf(0) ?? -1;
    return batch && index >= 0 ? this.acknowledge(batch.identifiers[index] ?? 0) : undefined;
  }

  /** All that is to be sent again, marked as such: pieces of whole packets. */
  *again(): Iterable<Buffer> {
    for (const { bytes, starts, isAcknowledged } of this.#batches) {
      let from = 0;
      for (let index = 0; index < isAcknowledged.length; index++) {
        const start = starts[index] ?? 0;
        if (isAcknowledged[index] === 0) {
          markAgain(bytes, start);
          continue;
        }
        if (start > from) yield bytes.subarray(from, start);
        from = starts[index + 1] ?? 0;
      }
      if (bytes.length > from) yield bytes.subarray(from);
    }
  }

  /** An identifier that is free: there are more than messages. */
  #next(): number {
    do this.#last = (this.#last % (IDENTIFIERS - 1)) + 1;
    while (this.#owners[this.#last]);
    return this.#last;
  }
}
