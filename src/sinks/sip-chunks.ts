import type { PacketCursor } from '../decode/cursor.js';
import { DataChunks } from '../decode/sctp/data-chunks.js';
import { SctpMessages } from '../decode/sctp/sctp-messages.js';
import { SeenChunks } from '../decode/sctp/seen-chunks.js';
import { MAX_MESSAGE_BYTES } from '../protocols/sip/sip-message.js';
import { Fate, type PacketFates } from './packet-fates.js';

const LIMITS = {
  messageBytes: MAX_MESSAGE_BYTES,
  heldBytes: 8 * 1024 * 1024,
  pieces: 4096,
};

/** The messages in SCTP packets: those of one chunk where they lie, the others put together. */
export class SipChunks {
  readonly #chunks = new DataChunks();
  readonly #seen = new SeenChunks();
  readonly #messages = new SctpMessages(LIMITS);
  readonly #fates: PacketFates;

  /** @param fates where packets are counted that have waited for others */
  constructor(fates: PacketFates) {
    this.#fates = fates;
  }

  /**
   * Reads the packet whose payload the cursor is at.
   *
   * @param own the packets that it came in, and their bytes
   * @param take what comes of a message
   * @returns what came of the packet: that of the message which came furthest
   */
  read(
    cursor: PacketCursor,
    own: { readonly packets: number; readonly bytes: number },
    take: (bytes: Buffer, start: number, end: number) => Fate,
  ): Fate {
    const chunks = this.#chunks;
    const messages = this.#messages;
    let fate = Fate.NotSip;
    let isWhole = false;
    let waits = false;
    chunks.begin(cursor);
    while (chunks.next()) {
      const direction = this.#seen.take(cursor, chunks.tsn);
      if (direction === -1) continue;
      let of: Fate;
      if (chunks.begins && chunks.ends) of = take(chunks.bytes, chunks.start, chunks.end);
      else if (messages.add(chunks, direction, cursor.microseconds)) {
        of = take(messages.message, 0, messages.message.length);
        this.#fates.count(of, messages.packets, messages.packetBytes);
      } else {
        waits = true;
        continue;
      }
      isWhole = true;
      if (of < fate) fate = of;
    }
    if (!isWhole && waits)
      fate = messages.countPackets(own.packets, own.bytes) ? Fate.Held : Fate.Fragment;
    this.#countDropped();
    return fate;
  }

  /** @param now the time of packets, in microseconds since 1970 */
  expire(now: number): void {
    this.#messages.expire(now);
    this.#countDropped();
  }

  /** No more packets will come. */
  finish(): void {
    this.#messages.finish();
    this.#countDropped();
  }

  #countDropped(): void {
    const { packets, bytes } = this.#messages.takeDropped();
    this.#fates.count(Fate.Fragment, packets, bytes);
  }
}
