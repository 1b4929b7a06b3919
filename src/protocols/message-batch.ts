import type { ByteRange } from './byte-range.js';
import { flowHash } from './flow-hash.js';
import { MediaBatch } from './media-batch.js';
import { copyShort } from './network-order.js';
import { Passage, type Transport } from './passage.js';
import { SipMessage } from './sip/sip-message.js';
import { withRoom } from './with-room.js';

const SMALLEST_BYTES = 64 * 1024;
const SMALLEST_ROWS = 128;
/** Numbers that a message has in the table. */
export const COLUMNS = 38;
/** Where some of them are in a row: ranges of bytes take two columns, and are in the source that the row names. */
export const Column = {
  Seconds: 0,
  Microseconds: 1,
  AddressBytes: 2,
  SourceAddress: 3,
  Protocol: 4,
  SourcePort: 5,
  DestinationPort: 6,
  /** An index of `sources`. */
  Source: 8,
  Message: 9,
  CallId: 23,
  DestinationAddress: 37,
} as const;
const NO_BYTES: Buffer = Buffer.alloc(0);
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp', 'ws', 'sctp', 'tls'];

/**
 * SIP messages one after the other: what has been found in them as a row of numbers each, without an object a message, and
 * their bytes, with the addresses before them, in one Buffer; those of messages that lie in a batch of packets stay there.
 * Filled again and again.
 *
 *     for (let index = 0; index < batch.count; index++) {
 *       batch.go(index);
 *       use(batch.message, batch.passage);
 *     }
 */
export class MessageBatch {
  count = 0;
  /** The message that `go` went to, and when it passed between whom. */
  readonly message = new SipMessage();
  readonly passage = new Passage();
  /** What came between the messages of the media that they describe. */
  readonly media = new MediaBatch();

  #bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);
  #length = 0;
  #lent = NO_BYTES;
  #rows = new Int32Array(SMALLEST_ROWS * COLUMNS);

  /** What all messages are, a row each of COLUMNS numbers, for those who look at no single one of them. */
  get rows(): Int32Array {
    return this.#rows;
  }

  /** What the rows refer to. */
  get sources(): readonly Buffer[] {
    return [this.#bytes, this.#lent];
  }

  /** Messages and media packets. */
  get total(): number {
    return this.count + this.media.count;
  }

  clear(): void {
    this.count = 0;
    this.media.clear();
    this.#length = 0;
    this.#lent = NO_BYTES;
  }

  /** Messages that lie in these bytes need not be copied: they stay as they are until `clear`. */
  lend(bytes: Buffer): void {
    // Of one Buffer alone: its messages are the first, or there are none.
    if (this.count === 0) this.#lent = bytes;
  }

  /** Appends a message that has been read, and its passage: copies of both, unless they are lent. */
  append(message: SipMessage, passage: Passage): void {
    const { addressBytes, sourceAt, destinationAt } = passage;
    const { start } = message;
    const isLent = message.bytes === this.#lent && passage.addresses === this.#lent;
    const moved = isLent ? 0 : this.#copy(message, passage) - start;

    if (this.#rows.length < (this.count + 1) * COLUMNS) this.#lengthenRows();
    const rows = this.#rows;
    const at = this.count++ * COLUMNS;
    rows[at] = passage.seconds;
    rows[at + 1] = passage.microseconds;
    rows[at + 2] = addressBytes;
    rows[at + 3] = isLent ? sourceAt : start + moved - 2 * addressBytes;
    rows[at + 4] = passage.protocol;
    rows[at + 5] = passage.sourcePort;
    rows[at + 6] = passage.destinationPort;
    rows[at + 7] = TRANSPORTS.indexOf(passage.transport);
    rows[at + 8] = isLent ? 1 : 0;
    rows[at + 9] = start + moved;
    rows[at + 10] = message.end + moved;
    rows[at + 11] = message.headersStart + moved;
    rows[at + 12] = message.bodyStart + moved;
    rows[at + 13] = message.isRequest ? 1 : 0;
    rows[at + 14] = message.status;
    rows[at + 15] = message.viaCount;
    rows[at + 16] = message.contentLength;
    putRange(rows, at + 17, message.method, moved);
    putRange(rows, at + 19, message.uri, moved);
    putRange(rows, at + 21, message.reason, moved);
    putRange(rows, at + 23, message.callId, moved);
    putRange(rows, at + 25, message.from, moved);
    putRange(rows, at + 27, message.to, moved);
    putRange(rows, at + 29, message.via, moved);
    putRange(rows, at + 31, message.cseq, moved);
    putRange(rows, at + 33, message.contentType, moved);
    putRange(rows, at + 35, message.cseqMethod, moved);
    rows[at + 37] = isLent ? destinationAt : start + moved - addressBytes;
  }

  /** A number that is the same for all messages of a flow, whichever way they go; 0 or more. Goes to the message. */
  flowOf(index: number): number {
    this.go(index);
    const { passage } = this;
    return flowHash(passage.addresses, passage.sourceAt, passage.addressBytes, passage);
  }

  /** Goes to a message. */
  go(index: number): void {
    const { message, passage } = this;
    const rows = this.#rows;
    const at = index * COLUMNS;
    const bytes = rows[at + 8] === 1 ? this.#lent : this.#bytes;
    passage.seconds = (rows[at] ?? 0) >>> 0;
    passage.microseconds = rows[at + 1] ?? 0;
    passage.ipVersion = rows[at + 2] === 4 ? 4 : 6;
    passage.addresses = bytes;
    passage.sourceAt = rows[at + 3] ?? 0;
    passage.destinationAt = rows[at + 37] ?? 0;
    passage.protocol = rows[at + 4] ?? 0;
    passage.sourcePort = rows[at + 5] ?? 0;
    passage.destinationPort = rows[at + 6] ?? 0;
    passage.transport = TRANSPORTS[rows[at + 7] ?? 0] ?? 'udp';
    message.bytes = bytes;
    message.start = rows[at + 9] ?? 0;
    message.end = rows[at + 10] ?? 0;
    message.headersStart = rows[at + 11] ?? 0;
    message.bodyStart = rows[at + 12] ?? 0;
    message.isRequest = rows[at + 13] === 1;
    message.status = rows[at + 14] ?? 0;
    message.viaCount = rows[at + 15] ?? 0;
    message.contentLength = rows[at + 16] ?? 0;
    takeRange(rows, at + 17, message.method);
    takeRange(rows, at + 19, message.uri);
    takeRange(rows, at + 21, message.reason);
    takeRange(rows, at + 23, message.callId);
    takeRange(rows, at + 25, message.from);
    takeRange(rows, at + 27, message.to);
    takeRange(rows, at + 29, message.via);
    takeRange(rows, at + 31, message.cseq);
    takeRange(rows, at + 33, message.contentType);
    takeRange(rows, at + 35, message.cseqMethod);
  }

  /** Copies the addresses, and behind them the message: where it begins then. */
  #copy({ bytes, start, end }: SipMessage, passage: Passage): number {
    const { addressBytes, addresses, sourceAt, destinationAt } = passage;
    const from = this.#length;
    const at = from + 2 * addressBytes;
    const length = at + end - start;
    this.#length = length;
    this.#bytes = withRoom(this.#bytes, from, length - from);
    copyShort(addresses, sourceAt, this.#bytes, from, addressBytes);
    copyShort(addresses, destinationAt, this.#bytes, from + addressBytes, addressBytes);
    bytes.copy(this.#bytes, at, start, end);
    return at;
  }

  #lengthenRows(): void {
    const longer = new Int32Array(2 * this.#rows.length);
    longer.set(this.#rows);
    this.#rows = longer;
  }
}

function putRange(rows: Int32Array, at: number, { start, end }: ByteRange, moved: number): void {
  rows[at] = start === -1 ? -1 : start + moved;
  rows[at + 1] = start === -1 ? -1 : end + moved;
}

function takeRange(rows: Int32Array, at: number, range: ByteRange): void {
  range.start = rows[at] ?? -1;
  range.end = rows[at + 1] ?? -1;
}
