/** Packets, and their captured bytes. */
export interface Held {
  readonly packets: number;
  readonly bytes: number;
}

/**
 * Packets whose data waits for that of others: fragments of datagrams. Reassembly tells
 * how many wait, not which, so those that leave are taken as an even share of all: each is counted once, whatever becomes
 * of it.
 */
export class HeldPackets {
  #fragments = 0;
  #packets = 0;
  #bytes = 0;

  /** A fragment waits, which came in these packets. */
  hold({ packets, bytes }: Held): void {
    this.#fragments++;
    this.#packets += packets;
    this.#bytes += bytes;
  }

  /** So many fragments wait no longer; what came in them. */
  release(fragments: number): Held {
    const isAll = fragments >= this.#fragments;
    const share = (all: number) => (isAll ? all : Math.floor((all * fragments) / this.#fragments));
    const released = { packets: share(this.#packets), bytes: share(this.#bytes) };
    this.#fragments -= Math.min(fragments, this.#fragments);
    this.#packets -= released.packets;
    this.#bytes -= released.bytes;
    return released;
  }
}
