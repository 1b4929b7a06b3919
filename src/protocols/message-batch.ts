import type { ByteRange } from './byte-range.js';
import { flowHash } from './flow-hash.js';
import { MediaBatch } from './media-batch.js';
import { Passage, type Transport } from './passage.js';
import { SipMessage } from './sip/sip-message.js';
import { withRoom } from './with-room.js';

const SMALLEST_BYTES = 64 * 1024;
const SMALLEST_ROWS = 128;
/** Numbers that a message has in the table. */
const COLUMNS = 40;
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp', 'ws', 'sctp', 'tls'];

/**
 * SIP messages one after the other: their bytes, with the addresses before them, in one Buffer, and what has been found in
 * them as a row of numbers each. Filled again and again, without an object a message.
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
  #rows = new Int32Array(SMALLEST_ROWS * COLUMNS);
  /** The number of the row that is written or read next. */
  #at = 0;

  /** Messages and media packets. */
  get total(): number {
    return this.count + this.media.count;
  }

  clear(): void {
    this.count = 0;
    this.media.clear();
    this.#length = 0;
  }

  /** Copies a message that has been read, and its passage. */
  append(message: SipMessage, passage: Passage): void {
    const { addressBytes } = passage;
    const { start, end } = message;
    const from = this.#length;
    this.#makeRoom(2 * addressBytes + end - start);
    const bytes = this.#bytes;
    copyShort(passage.addresses, passage.sourceAt, bytes, from, addressBytes);
    copyShort(passage.addresses, passage.destinationAt, bytes, from + addressBytes, addressBytes);
    const at = from + 2 * addressBytes;
    message.bytes.copy(bytes, at, start, end);
    this.#length = at + end - start;

    this.#at = this.count++ * COLUMNS;
    this.#put(passage.seconds);
    this.#put(passage.microseconds);
    this.#put(passage.ipVersion);
    this.#put(from);
    this.#put(passage.protocol);
    this.#put(passage.sourcePort);
    this.#put(passage.destinationPort);
    this.#put(TRANSPORTS.indexOf(passage.transport));
    this.#put(flowHash(bytes, from, addressBytes, passage));
    const moved = at - start;
    this.#put(at);
    this.#put(this.#length);
    this.#put(message.headersStart + moved);
    this.#put(message.bodyStart + moved);
    this.#put(message.isRequest ? 1 : 0);
    this.#put(message.status);
    this.#put(message.viaCount);
    this.#put(message.contentLength);
    this.#putRange(message.method, moved);
    this.#putRange(message.uri, moved);
    this.#putRange(message.reason, moved);
    this.#putRange(message.callId, moved);
    this.#putRange(message.from, moved);
    this.#putRange(message.to, moved);
    this.#putRange(message.via, moved);
    this.#putRange(message.cseq, moved);
    this.#putRange(message.contentType, moved);
    this.#putRange(message.cseqMethod, moved);
  }

  /** A number that is the same for all messages of a flow, whichever way they go; 0 or more. */
  flowOf(index: number): number {
    return this.#rows[index * COLUMNS + 8] ?? 0;
  }

  /** Goes to a message. */
  go(index: number): void {
    const { message, passage } = this;
    this.#at = index * COLUMNS;
    passage.seconds = this.#take() >>> 0;
    passage.microseconds = this.#take();
    passage.ipVersion = this.#take() === 4 ? 4 : 6;
    passage.addresses = this.#bytes;
    passage.sourceAt = this.#take();
    passage.destinationAt = passage.sourceAt + passage.addressBytes;
    passage.protocol = this.#take();
    passage.sourcePort = this.#take();
    passage.destinationPort = this.#take();
    passage.transport = TRANSPORTS[this.#take()] ?? 'udp';
    this.#at++;
    message.bytes = this.#bytes;
    message.start = this.#take();
    message.end = this.#take();
    message.headersStart = this.#take();
    message.bodyStart = this.#take();
    message.isRequest = this.#take() === 1;
    message.status = this.#take();
    message.viaCount = this.#take();
    message.contentLength = this.#take();
    this.#takeRange(message.method);
    this.#takeRange(message.uri);
    this.#takeRange(message.reason);
    this.#takeRange(message.callId);
    this.#takeRange(message.from);
    this.#takeRange(message.to);
    this.#takeRange(message.via);
    this.#takeRange(message.cseq);
    this.#takeRange(message.contentType);
    this.#takeRange(message.cseqMethod);
  }

  #put(value: number): void {
    this.#rows[this.#at++] = value;
  }

  #putRange(range: ByteRange, moved: number): void {
    const isPresent = range.isPresent;
    this.#put(isPresent ? range.start + moved : -1);
    this.#put(isPresent ? range.end + moved : -1);
  }

  #take(): number {
    return this.#rows[this.#at++] ?? 0;
  }

  #takeRange(range: ByteRange): void {
    const start = this.#take();
    range.set(start, this.#take());
  }

  #makeRoom(more: number): void {
    this.#bytes = withRoom(this.#bytes, this.#length, more);
    if (this.#rows.length < (this.count + 1) * COLUMNS) {
      const longer = new Int32Array(2 * this.#rows.length);
      longer.set(this.#rows);
      this.#rows = longer;
    }
  }
}

/** A call of copy() costs more than so few bytes do. */
function copyShort(from: Buffer, fromAt: number, to: Buffer, toAt: number, count: number): void {
  for (let index = 0; index < count; index++) to[toAt + index] = from[fromAt + index] ?? 0;
}
