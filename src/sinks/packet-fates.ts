import type { Cause } from '../errors/cause.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';

/** What came of a packet, as an index of the counters: of several messages in it, the one that came furthest counts. */
export enum Fate {
  Reported,
  LeftOut,
  Malformed,
  NotSip,
  /** Of a datagram or a message whose other pieces did not come. */
  Fragment,
  NoTransport,
  /** Waits for the other pieces of its datagram, stream or message. */
  Held,
}

const filtered = (id: string, text: string): Cause => ({ id, fate: 'filtered', loss: false, text });

const CAUSES: readonly (readonly [fate: Fate, cause: Cause])[] = [
  [Fate.LeftOut, filtered('sip-filter', 'of messages that --sip-filter left out')],
  [Fate.Malformed, filtered('malformed-sip', 'of malformed messages')],
  [Fate.NotSip, filtered('no-sip', 'without SIP')],
  [Fate.Fragment, filtered('fragment', 'of datagrams that were not put together')],
  [Fate.NoTransport, filtered('no-transport', 'without UDP, TCP or SCTP')],
];
const FATES = 6;

/** Counts what came of packets: in numbers by fate, which go into an account once a batch. */
export class PacketFates {
  readonly #tally = new Tally();
  readonly #packets = new Float64Array(FATES);
  readonly #bytes = new Float64Array(FATES);

  /** Packets came in. */
  take(batch: PacketBatch): void {
    this.#tally.take(countOf(batch));
  }

  /** @param fate any but Held */
  count(fate: Fate, packets: number, bytes: number): void {
    this.#packets[fate] = (this.#packets[fate] ?? 0) + packets;
    this.#bytes[fate] = (this.#bytes[fate] ?? 0) + bytes;
  }

  /** Puts what has been counted since the last time into the account. */
  settle(): void {
    const count = (fate: Fate) => ({
      packets: this.#packets[fate] ?? 0,
      bytes: this.#bytes[fate] ?? 0,
    });
    this.#tally.pass(count(Fate.Reported));
    for (const [fate, cause] of CAUSES) this.#tally.settle(cause, count(fate));
    this.#packets.fill(0);
    this.#bytes.fill(0);
  }

  account(): Account {
    return this.#tally.account();
  }
}
