import { ByteRange } from '../byte-range.js';
import { uint16, uint32 } from '../network-order.js';
import { Passage } from '../passage.js';
import {
  Chunk,
  CHUNK_HEADER_BYTES,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEP2_HEADER_BYTES,
  HEP2_TIME_BYTES,
  HEP3_HEADER_BYTES,
} from './chunk.js';

const MAGIC = 0x4845_5033;

/** How long the HEP3 packet is that begins at `at`, in bytes; 0 where none begins there, or its header has not come. */
export function hep3Length(bytes: Buffer, at: number, end: number): number {
  if (end - at < HEP3_HEADER_BYTES || uint32(bytes, at) !== MAGIC) return 0;
  const length = uint16(bytes, at + 4);
  return length < HEP3_HEADER_BYTES ? 0 : length;
}

/**
 * A HEP packet of version 1, 2 or 3 where it lies. One object reads one packet after the other without an allocation.
 * Chunks of other vendors and unknown types are left out; of repeated chunks the last one counts.
 */
export class HepPacket {
  /** 1, 2 or 3. */
  version = 0;
  /** When and between whom what is inside was captured. */
  readonly passage = new Passage();
  payloadType = 0;
  captureId = 0;
  readonly payload = new ByteRange();
  /** The payload is compressed by zlib. */
  isCompressed = false;
  readonly password = new ByteRange();
  readonly correlationId = new ByteRange();
  readonly nodeName = new ByteRange();

  #family = 0;
  #sourceBytes = 0;
  #destinationBytes = 0;

  /** Reads the packet of a datagram; false where it is none, or its lengths lead out of it. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.payload.clear();
    this.password.clear();
    this.correlationId.clear();
    this.nodeName.clear();
    this.isCompressed = false;
    this.payloadType = 0;
    this.captureId = 0;
    this.#family = this.#sourceBytes = this.#destinationBytes = 0;
    const { passage } = this;
    passage.addresses = bytes;
    passage.seconds = passage.microseconds = 0;
    passage.sourcePort = passage.destinationPort = passage.protocol = 0;
    const length = hep3Length(bytes, start, end);
    if (length > 0) return length <= end - start && this.#read3(bytes, start, start + length);
    const version = bytes[start] ?? 0;
    return end - start > HEP2_HEADER_BYTES && (version === 1 || version === 2)
      ? this.#read2(bytes, start, end, version)
      : false;
  }

  #read3(bytes: Buffer, start: number, end: number): boolean {
    this.version = 3;
    let at = start + HEP3_HEADER_BYTES;
    while (at < end) {
      if (end - at < CHUNK_HEADER_BYTES) return false;
      const length = uint16(bytes, at + 4);
      if (length < CHUNK_HEADER_BYTES || length > end - at) return false;
      if (
        uint16(bytes, at) === 0 &&
        !this.#readChunk(bytes, uint16(bytes, at + 2), at + CHUNK_HEADER_BYTES, at + length)
      )
        return false;
      at += length;
    }
    return this.#hasAddresses();
  }

  /** False where a number has not as many bytes as it should. */
  #readChunk(bytes: Buffer, type: number, at: number, end: number): boolean {
    const { passage } = this;
    const length = end - at;
    switch (type) {
      case Chunk.Family:
        this.#family = bytes[at] ?? 0;
        return length === 1;
      case Chunk.Protocol:
        passage.protocol = bytes[at] ?? 0;
        return length === 1;
      case Chunk.Source4:
      case Chunk.Source6:
        passage.sourceAt = at;
        this.#sourceBytes = length;
        return length === (type === Chunk.Source4 ? 4 : 16);
      case Chunk.Destination4:
      case Chunk.Destination6:
        passage.destinationAt = at;
        this.#destinationBytes = length;
        return length === (type === Chunk.Destination4 ? 4 : 16);
      case Chunk.SourcePort:
        passage.sourcePort = uint16(bytes, at);
        return length === 2;
      case Chunk.DestinationPort:
        passage.destinationPort = uint16(bytes, at);
        return length === 2;
      case Chunk.Seconds:
        passage.seconds = uint32(bytes, at);
        return length === 4;
      case Chunk.Microseconds:
        passage.microseconds = uint32(bytes, at);
        return length === 4;
      case Chunk.PayloadType:
        this.payloadType = bytes[at] ?? 0;
        return length === 1;
      case Chunk.CaptureId:
        this.captureId = uint32(bytes, at);
        return length === 4;
      case Chunk.Password:
        this.password.set(at, end);
        return true;
      case Chunk.Payload:
      case Chunk.CompressedPayload:
        this.payload.set(at, end);
        this.isCompressed = type === Chunk.CompressedPayload;
        return true;
      case Chunk.CorrelationId:
        this.correlationId.set(at, end);
        return true;
      case Chunk.NodeName:
        this.nodeName.set(at, end);
        return true;
      default:
        return true;
    }
  }

  #hasAddresses(): boolean {
    const expected = this.#family === FAMILY_IPV4 ? 4 : this.#family === FAMILY_IPV6 ? 16 : 0;
    this.passage.ipVersion = expected === 4 ? 4 : 6;
    return (
      this.payload.isPresent &&
      expected !== 0 &&
      this.#sourceBytes === expected &&
      this.#destinationBytes === expected
    );
  }

  /** In version 1 there is no time. */
  #read2(bytes: Buffer, start: number, end: number, version: number): boolean {
    const { passage } = this;
    const family = bytes[start + 2] ?? 0;
    const addressBytes = family === FAMILY_IPV4 ? 4 : family === FAMILY_IPV6 ? 16 : 0;
    const headerBytes = HEP2_HEADER_BYTES + 2 * addressBytes;
    const timeAt = start + headerBytes;
    const payloadAt = timeAt + (version === 2 ? HEP2_TIME_BYTES : 0);
    if (addressBytes === 0 || bytes[start + 1] !== headerBytes || payloadAt > end) return false;
    this.version = version;
    this.payloadType = 1;
    passage.ipVersion = addressBytes === 4 ? 4 : 6;
    passage.protocol = bytes[start + 3] ?? 0;
    passage.sourcePort = uint16(bytes, start + 4);
    passage.destinationPort = uint16(bytes, start + 6);
    passage.sourceAt = start + HEP2_HEADER_BYTES;
    passage.destinationAt = passage.sourceAt + addressBytes;
    if (version === 2) {
      passage.seconds = bytes.readUInt32LE(timeAt);
      passage.microseconds = bytes.readUInt32LE(timeAt + 4);
      this.captureId = bytes.readUInt16LE(timeAt + 8);
    }
    this.payload.set(payloadAt, end);
    return true;
  }
}
