import { writeUint16, writeUint32 } from '../network-order.js';
import type { Passage } from '../passage.js';
import {
  Chunk,
  CHUNK_HEADER_BYTES,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEP2_HEADER_BYTES,
  HEP2_TIME_BYTES,
  HEP3_HEADER_BYTES,
  MAX_HEP3_BYTES,
  type PayloadType,
} from './chunk.js';

export interface HepSettings {
  readonly version: 2 | 3;
  /** Of this sensor; 16 bits of it are in HEP2. */
  readonly captureId: number;
  readonly password?: string;
  readonly nodeName?: string;
}

/** Bytes to send: a part of some Buffer. */
export interface Bytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

const MAGIC = Buffer.from('HEP3');
const SMALLEST_BYTES = 4096;

/** Writes HEP packets one after the other into one Buffer, which each call overwrites. */
export class HepWriter {
  /** The packet written last: up to the length that `write` has returned. */
  bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);

  readonly #settings: HepSettings;
  readonly #password: Buffer;
  readonly #nodeName: Buffer;
  #at = 0;

  constructor(settings: HepSettings) {
    this.#settings = settings;
    this.#password = Buffer.from(settings.password ?? '');
    this.#nodeName = Buffer.from(settings.nodeName ?? '');
  }

  /**
   * Writes a packet.
   *
   * @param correlation the Call-ID, which only HEP3 carries; undefined where there is none
   * @param isCompressed the payload has been compressed by zlib, which only HEP3 can say
   * @returns its length in bytes; 0 where HEP3 can't say how long it is
   */
  write(
    passage: Passage,
    type: PayloadType,
    payload: Bytes,
    correlation?: Bytes,
    isCompressed = false,
  ): number {
    return this.#settings.version === 2
      ? this.#write2(passage, payload)
      : this.#write3(passage, type, payload, correlation, isCompressed);
  }

  #write3(
    passage: Passage,
    type: PayloadType,
    payload: Bytes,
    correlation: Bytes | undefined,
    isCompressed: boolean,
  ): number {
    const length = this.#length3(passage, payload, correlation);
    if (length > MAX_HEP3_BYTES) return 0;
    this.#makeRoom(length);
    const { bytes } = this;
    MAGIC.copy(bytes);
    writeUint16(bytes, length, MAGIC.length);
    this.#at = HEP3_HEADER_BYTES;
    const is4 = passage.ipVersion === 4;
    this.#put8(Chunk.Family, is4 ? FAMILY_IPV4 : FAMILY_IPV6);
    this.#put8(Chunk.Protocol, passage.protocol);
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    this.#put(is4 ? Chunk.Source4 : Chunk.Source6, addresses, sourceAt, sourceAt + addressBytes);
    this.#put(
      is4 ? Chunk.Destination4 : Chunk.Destination6,
      addresses,
      destinationAt,
      destinationAt + addressBytes,
    );
    this.#put16(Chunk.SourcePort, passage.sourcePort);
    this.#put16(Chunk.DestinationPort, passage.destinationPort);
    this.#put32(Chunk.Seconds, passage.seconds);
    this.#put32(Chunk.Microseconds, passage.microseconds);
    this.#put8(Chunk.PayloadType, type);
    this.#put32(Chunk.CaptureId, this.#settings.captureId);
    if (this.#password.length > 0)
      this.#put(Chunk.Password, this.#password, 0, this.#password.length);
    if (correlation)
      this.#put(Chunk.CorrelationId, correlation.bytes, correlation.start, correlation.end);
    if (this.#nodeName.length > 0)
      this.#put(Chunk.NodeName, this.#nodeName, 0, this.#nodeName.length);
    const chunk = isCompressed ? Chunk.CompressedPayload : Chunk.Payload;
    this.#put(chunk, payload.bytes, payload.start, payload.end);
    return length;
  }

  #length3(passage: Passage, payload: Bytes, correlation: Bytes | undefined): number {
    const optional = (length: number): number => (length > 0 ? CHUNK_HEADER_BYTES + length : 0);
    return (
      HEP3_HEADER_BYTES +
      // Three numbers of 8 bits, two of 16, three of 32, two addresses, and the payload.
      11 * CHUNK_HEADER_BYTES +
      (3 + 4 + 12) +
      2 * passage.addressBytes +
      optional(this.#password.length) +
      optional(this.#nodeName.length) +
      (correlation ? CHUNK_HEADER_BYTES + correlation.end - correlation.start : 0) +
      payload.end -
      payload.start
    );
  }

  /** As captagent has it, and Kamailio's sipcapture reads it: times in the byte order of x86. */
  #write2(passage: Passage, payload: Bytes): number {
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    const headerBytes = HEP2_HEADER_BYTES + 2 * addressBytes;
    const length = headerBytes + HEP2_TIME_BYTES + payload.end - payload.start;
    this.#makeRoom(length);
    const { bytes } = this;
    bytes[0] = 2;
    bytes[1] = headerBytes;
    bytes[2] = passage.ipVersion === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
    bytes[3] = passage.protocol;
    writeUint16(bytes, passage.sourcePort, 4);
    writeUint16(bytes, passage.destinationPort, 6);
    addresses.copy(bytes, HEP2_HEADER_BYTES, sourceAt, sourceAt + addressBytes);
    addresses.copy(
      bytes,
      HEP2_HEADER_BYTES + addressBytes,
      destinationAt,
      destinationAt + addressBytes,
    );
    bytes.writeUInt32LE(passage.seconds, headerBytes);
    bytes.writeUInt32LE(passage.microseconds, headerBytes + 4);
    bytes.writeUInt16LE(this.#settings.captureId & 0xffff, headerBytes + 8);
    bytes.writeUInt16LE(0, headerBytes + 10);
    payload.bytes.copy(bytes, headerBytes + HEP2_TIME_BYTES, payload.start, payload.end);
    return length;
  }

  #makeRoom(length: number): void {
    if (this.bytes.length >= length) return;
    let size = this.bytes.length;
    while (size < length) size *= 2;
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  #head(chunk: number, length: number): number {
    const { bytes } = this;
    const at = this.#at;
    writeUint16(bytes, 0, at);
    writeUint16(bytes, chunk, at + 2);
    writeUint16(bytes, CHUNK_HEADER_BYTES + length, at + 4);
    this.#at = at + CHUNK_HEADER_BYTES + length;
    return at + CHUNK_HEADER_BYTES;
  }

  #put8(chunk: number, value: number): void {
    this.bytes[this.#head(chunk, 1)] = value;
  }

  #put16(chunk: number, value: number): void {
    writeUint16(this.bytes, value, this.#head(chunk, 2));
  }

  #put32(chunk: number, value: number): void {
    writeUint32(this.bytes, value, this.#head(chunk, 4));
  }

  #put(chunk: number, from: Buffer, start: number, end: number): void {
    from.copy(this.bytes, this.#head(chunk, end - start), start, end);
  }
}
