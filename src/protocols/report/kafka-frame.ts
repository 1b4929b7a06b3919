import type { JsonBytes } from '../json-bytes.js';

const PREFIX_BYTES = 24;
const HEADER_PREFIX_BYTES = 8;

/** A header whose value is the same in many messages, as it stands in their frames. */
export function framedHeader(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([headerPrefix(nameBytes.length, valueBytes.length), nameBytes, valueBytes]);
}

/** The beginning of a header whose value follows; its length is still missing. */
export function headerBegin(name: string): Buffer {
  const bytes = Buffer.from(name);
  return Buffer.concat([headerPrefix(bytes.length, 0), bytes]);
}

function headerPrefix(nameLength: number, valueLength: number): Buffer {
  const prefix = Buffer.alloc(HEADER_PREFIX_BYTES);
  prefix.writeUInt32LE(nameLength, 0);
  prefix.writeUInt32LE(valueLength, 4);
  return prefix;
}

/**
 * Frames messages for Kafka, one after the other in one buffer, as the addon reads them (native/wire/framed_message.h).
 * Key, value and headers are written in this order:
 *
 *     frame.begin(out);
 *     // the key
 *     frame.endKey();
 *     // the value
 *     frame.endValue();
 *     frame.beginHeader(NAME); // the value of the header
 *     frame.endHeader();
 *     frame.end(timestampMs);
 */
export class KafkaFrame {
  #out: JsonBytes;
  #at = 0;
  #keyLength = 0;
  #valueLength = 0;
  #headers = 0;
  #headerAt = 0;
  #headerValueAt = 0;

  constructor(out: JsonBytes) {
    this.#out = out;
  }

  /** Bytes of the value of the message that was framed last. */
  get valueLength(): number {
    return this.#valueLength;
  }

  /** Where the key begins. */
  get keyAt(): number {
    return this.#at + PREFIX_BYTES;
  }

  begin(out: JsonBytes): void {
    this.#out = out;
    this.#at = out.reserve(PREFIX_BYTES);
    this.#headers = 0;
  }

  endKey(): void {
    this.#keyLength = this.#out.length - this.keyAt;
  }

  endValue(): void {
    this.#valueLength = this.#out.length - this.keyAt - this.#keyLength;
  }

  /** Headers that were framed before. */
  addHeaders(framed: Buffer, count: number): void {
    this.#out.raw(framed);
    this.#headers += count;
  }

  /** @param begin what headerBegin() gives for its name */
  beginHeader(begin: Buffer): void {
    this.#headerAt = this.#out.length;
    this.#out.raw(begin);
    this.#headerValueAt = this.#out.length;
    this.#headers++;
  }

  endHeader(): void {
    const { bytes, length } = this.#out;
    bytes.writeUInt32LE(length - this.#headerValueAt, this.#headerAt + 4);
  }

  /** @param timestampMs since 1970 */
  end(timestampMs: number): void {
    const { bytes, length } = this.#out;
    const at = this.#at;
    bytes.writeUInt32LE(length - at, at);
    bytes.writeUInt32LE(this.#keyLength, at + 4);
    bytes.writeUInt32LE(this.#valueLength, at + 8);
    bytes.writeUInt32LE(this.#headers, at + 12);
    const high = Math.floor(timestampMs / 0x1_0000_0000);
    bytes.writeUInt32LE(timestampMs - high * 0x1_0000_0000, at + 16);
    bytes.writeUInt32LE(high, at + 20);
  }
}
