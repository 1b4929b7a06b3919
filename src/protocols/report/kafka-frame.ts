import type { JsonBytes } from '../json-bytes.js';

const PREFIX_BYTES = 24;
const HEADER_PREFIX_BYTES = 8;
const REFERENCE_PREFIX_BYTES = 12;
const REFERS = 0x8000_0000;

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

/** A header whose value stands elsewhere in the frame, as soon as `refer` has said where. */
export function headerReference(name: string): Buffer {
  const bytes = Buffer.from(name);
  const prefix = Buffer.alloc(REFERENCE_PREFIX_BYTES);
  prefix.writeUInt32LE((bytes.length | REFERS) >>> 0, 0);
  return Buffer.concat([prefix, bytes]);
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

  /** Headers that were framed before: where they begin. */
  addHeaders(framed: Buffer, count: number): number {
    const at = this.#out.length;
    this.#out.raw(framed);
    this.#headers += count;
    return at;
  }

  /** Says which of the bytes written for this message are the value of the header (headerReference) that begins at `at`. */
  refer(at: number, start: number, end: number): void {
    const { bytes } = this.#out;
    writeLittleEndian(bytes, at + 4, end - start);
    writeLittleEndian(bytes, at + 8, start - this.#at);
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
    writeLittleEndian(bytes, this.#headerAt + 4, length - this.#headerValueAt);
  }

  /** @param timestampMs since 1970 */
  end(timestampMs: number): void {
    const { bytes, length } = this.#out;
    const at = this.#at;
    writeLittleEndian(bytes, at, length - at);
    writeLittleEndian(bytes, at + 4, this.#keyLength);
    writeLittleEndian(bytes, at + 8, this.#valueLength);
    writeLittleEndian(bytes, at + 12, this.#headers);
    const high = Math.floor(timestampMs / 0x1_0000_0000);
    writeLittleEndian(bytes, at + 16, timestampMs - high * 0x1_0000_0000);
    writeLittleEndian(bytes, at + 20, high);
  }
}

/** Buffer's own method costs more. */
function writeLittleEndian(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
