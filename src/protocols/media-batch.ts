import { flowHash } from './flow-hash.js';
import type { JsonBytes } from './json-bytes.js';
import { Passage, UDP } from './passage.js';
import { MediaKind, MediaPacket } from './rtp/media-packet.js';
import { withRoom } from './with-room.js';

const SMALLEST_BYTES = 16 * 1024;
const SMALLEST_ROWS = 64;
/** Numbers that a packet has in the table. */
const COLUMNS = 11;
const MESSAGES_BEFORE = 10;
const RTCP: number = MediaKind.Rtcp;

/** What belongs to a media packet beside its bytes and its passage. */
export interface MediaFacts {
  readonly kind: MediaKind;
  readonly callId: string;
  readonly codec: string | undefined;
  /** What RTCP reports, as JSON. */
  readonly reports?: JsonBytes;
  /** How many messages of the batch of messages came before it. */
  readonly messagesBefore: number;
}

/**
 * Packets of calls' media one after the other: their bytes, between their addresses and the reports in them, in one
 * Buffer, and the rest as a row of numbers each. Filled again and again, as the batch of messages that it belongs to.
 */
export class MediaBatch {
  count = 0;
  /** The packet that `go` went to, and when it passed between whom. */
  readonly packet = new MediaPacket();
  readonly passage = new Passage();

  #bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);
  #length = 0;
  #rows = new Float64Array(SMALLEST_ROWS * COLUMNS);
  readonly #callIds: string[] = [];
  readonly #codecs: (string | undefined)[] = [];

  clear(): void {
    this.count = 0;
    this.#length = 0;
    this.#callIds.length = 0;
    this.#codecs.length = 0;
  }

  /** Copies the datagram [start, end), and its passage. */
  append(facts: MediaFacts, bytes: Buffer, start: number, end: number, passage: Passage): void {
    const { reports } = facts;
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    const from = this.#length;
    this.#makeRoom(2 * addressBytes + end - start + (reports?.length ?? 0));
    const into = this.#bytes;
    let at = from;
    at += addresses.copy(into, at, sourceAt, sourceAt + addressBytes);
    at += addresses.copy(into, at, destinationAt, destinationAt + addressBytes);
    const packetAt = at;
    at += bytes.copy(into, at, start, end);
    const packetEnd = at;
    if (reports) at += reports.bytes.copy(into, at, 0, reports.length);
    this.#length = at;

    const rows = this.#rows;
    let cell = this.count++ * COLUMNS;
    rows[cell++] = passage.seconds;
    rows[cell++] = passage.microseconds;
    rows[cell++] = passage.ipVersion;
    rows[cell++] = from;
    rows[cell++] = passage.sourcePort;
    rows[cell++] = passage.destinationPort;
    rows[cell++] = facts.kind;
    rows[cell++] = packetAt;
    rows[cell++] = packetEnd;
    rows[cell++] = at;
    rows[cell] = facts.messagesBefore;
    this.#callIds.push(facts.callId);
    this.#codecs.push(facts.codec);
  }

  /** How many messages came before the packet. */
  messagesBefore(index: number): number {
    return this.#rows[index * COLUMNS + MESSAGES_BEFORE] ?? 0;
  }

  /** A number that is the same for all packets of a flow, whichever way they go; 0 or more. */
  flowOf(index: number): number {
    this.go(index);
    const { passage } = this;
    return flowHash(this.#bytes, passage.sourceAt, passage.addressBytes, passage);
  }

  /** Goes to a packet. */
  go(index: number): void {
    const { packet, passage } = this;
    const rows = this.#rows;
    let cell = index * COLUMNS;
    const take = () => rows[cell++] ?? 0;
    passage.seconds = take();
    passage.microseconds = take();
    passage.ipVersion = take() === 4 ? 4 : 6;
    passage.addresses = packet.bytes = this.#bytes;
    passage.sourceAt = take();
    passage.destinationAt = passage.sourceAt + passage.addressBytes;
    passage.protocol = UDP;
    passage.sourcePort = take();
    passage.destinationPort = take();
    packet.kind = take() === RTCP ? MediaKind.Rtcp : MediaKind.Rtp;
    packet.start = take();
    packet.end = take();
    packet.reportsEnd = take();
    packet.callId = this.#callIds[index] ?? '';
    packet.codec = this.#codecs[index];
  }

  #makeRoom(more: number): void {
    this.#bytes = withRoom(this.#bytes, this.#length, more);
    if (this.#rows.length < (this.count + 1) * COLUMNS) {
      const longer = new Float64Array(2 * this.#rows.length);
      longer.set(this.#rows);
      this.#rows = longer;
    }
  }
}
