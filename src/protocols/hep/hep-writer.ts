import { copyShort, writeUint16, writeUint32 } from '../network-order.js';
import type { Passage } from '../passage.js';
import { withRoom } from '../with-room.js';
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

export const MAGIC = Buffer.from('HEP3');
const SMALLEST_BYTES = 4096;
/** A call of copy() costs more than so few bytes do. */
const FEW_BYTES = 64;

/** What all packets of a version of IP begin with, and where in it their own numbers stand. */
interface Head {
  readonly bytes: Buffer;
  readonly protocolAt: number;
  readonly sourceAt: number;
  readonly destinationAt: number;
  readonly sourcePortAt: number;
  readonly destinationPortAt: number;
  readonly secondsAt: number;
  readonly microsecondsAt: number;
  readonly typeAt: number;
}

/** Writes HEP packets one after the other into one Buffer, which each call overwrites, or where one is to stand. */
export class HepWriter {
  /** The packet written last: up to the length that `write` has returned. */
  bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);

  readonly #isVersion2: boolean;
  readonly #captureId: number;
  readonly #head4: Head;
  readonly #head6: Head;
  /** The chunk behind the Call-ID; empty where the node has no name. */
  readonly #nodeName: Buffer;

  constructor({ version, captureId, password = '', nodeName = '' }: HepSettings) {
    this.#isVersion2 = version === 2;
    this.#captureId = captureId;
    this.#head4 = headOf(4, captureId, password);
    this.#head6 = headOf(6, captureId, password);
    this.#nodeName = nodeName === '' ? Buffer.alloc(0) : chunk(Chunk.NodeName, nodeName);
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
    const length = this.lengthOf(passage, payload, correlation);
    this.bytes = withRoom(this.bytes, 0, length);
    if (length > 0) this.writeAt(this.bytes, 0, passage, type, payload, correlation, isCompressed);
    return length;
  }

  /** How long a packet is; 0 where HEP3 can't say it. */
  lengthOf(passage: Passage, payload: Bytes, correlation?: Bytes): number {
    const payloadBytes = payload.end - payload.start;
    if (this.#isVersion2)
      return HEP2_HEADER_BYTES + 2 * passage.addressBytes + HEP2_TIME_BYTES + payloadBytes;
    const head = passage.ipVersion === 4 ? this.#head4 : this.#head6;
    const length =
      head.bytes.length +
      (correlation ? CHUNK_HEADER_BYTES + correlation.end - correlation.start : 0) +
      this.#nodeName.length +
      CHUNK_HEADER_BYTES +
      payloadBytes;
    return length > MAX_HEP3_BYTES ? 0 : length;
  }

  /** Writes a packet, as `write` does, to where there is room for it: as much as `lengthOf` says. */
  writeAt(
    into: Buffer,
    at: number,
    passage: Passage,
    type: PayloadType,
    payload: Bytes,
    correlation?: Bytes,
    isCompressed = false,
  ): void {
    if (this.#isVersion2) this.#write2(into, at, passage, payload);
    else this.#write3(into, at, passage, type, payload, correlation, isCompressed);
  }

  #write3(
    into: Buffer,
    start: number,
    passage: Passage,
    type: PayloadType,
    payload: Bytes,
    correlation: Bytes | undefined,
    isCompressed: boolean,
  ): void {
    const head = passage.ipVersion === 4 ? this.#head4 : this.#head6;
    const { addresses, addressBytes } = passage;
    copyShort(head.bytes, 0, into, start, head.bytes.length);
    into[start + head.protocolAt] = passage.protocol;
    copyShort(addresses, passage.sourceAt, into, start + head.sourceAt, addressBytes);
    copyShort(addresses, passage.destinationAt, into, start + head.destinationAt, addressBytes);
    writeUint16(into, passage.sourcePort, start + head.sourcePortAt);
    writeUint16(into, passage.destinationPort, start + head.destinationPortAt);
    writeUint32(into, passage.seconds, start + head.secondsAt);
    writeUint32(into, passage.microseconds, start + head.microsecondsAt);
    into[start + head.typeAt] = type;

    let at = start + head.bytes.length;
    if (correlation) {
      const length = correlation.end - correlation.start;
      writeChunkHead(into, at, Chunk.CorrelationId, length);
      at += CHUNK_HEADER_BYTES;
      if (length > FEW_BYTES) correlation.bytes.copy(into, at, correlation.start, correlation.end);
      else copyShort(correlation.bytes, correlation.start, into, at, length);
      at += length;
    }
    copyShort(this.#nodeName, 0, into, at, this.#nodeName.length);
    at += this.#nodeName.length;
    const kind = isCompressed ? Chunk.CompressedPayload : Chunk.Payload;
    writeChunkHead(into, at, kind, payload.end - payload.start);
    at += CHUNK_HEADER_BYTES;
    at += payload.bytes.copy(into, at, payload.start, payload.end);
    writeUint16(into, at - start, start + MAGIC.length);
  }

  /** As captagent has it, and Kamailio's sipcapture reads it: times in the byte order of x86. */
  #write2(into: Buffer, at: number, passage: Passage, payload: Bytes): void {
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    const headerBytes = HEP2_HEADER_BYTES + 2 * addressBytes;
    into[at] = 2;
    into[at + 1] = headerBytes;
    into[at + 2] = passage.ipVersion === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
    into[at + 3] = passage.protocol;
    writeUint16(into, passage.sourcePort, at + 4);
    writeUint16(into, passage.destinationPort, at + 6);
    copyShort(addresses, sourceAt, into, at + HEP2_HEADER_BYTES, addressBytes);
    copyShort(addresses, destinationAt, into, at + HEP2_HEADER_BYTES + addressBytes, addressBytes);
    const timeAt = at + headerBytes;
    into.writeUInt32LE(passage.seconds, timeAt);
    into.writeUInt32LE(passage.microseconds, timeAt + 4);
    into.writeUInt16LE(this.#captureId & 0xffff, timeAt + 8);
    into.writeUInt16LE(0, timeAt + 10);
    payload.bytes.copy(into, timeAt + HEP2_TIME_BYTES, payload.start, payload.end);
  }
}

function headOf(ipVersion: 4 | 6, captureId: number, password: string): Head {
  const is4 = ipVersion === 4;
  let bytes = Buffer.alloc(HEP3_HEADER_BYTES);
  MAGIC.copy(bytes);
  /** Appends a chunk: where its value is. */
  const append = (type: number, value: Buffer | string): number => {
    const at = bytes.length + CHUNK_HEADER_BYTES;
    bytes = Buffer.concat([bytes, chunk(type, value)]);
    return at;
  };
  const zeros = (length: number): Buffer => Buffer.alloc(length);
  const id = zeros(4);
  writeUint32(id, captureId, 0);
  append(Chunk.Family, Buffer.from([is4 ? FAMILY_IPV4 : FAMILY_IPV6]));
  const places = {
    protocolAt: append(Chunk.Protocol, zeros(1)),
    sourceAt: append(is4 ? Chunk.Source4 : Chunk.Source6, zeros(is4 ? 4 : 16)),
    destinationAt: append(is4 ? Chunk.Destination4 : Chunk.Destination6, zeros(is4 ? 4 : 16)),
    sourcePortAt: append(Chunk.SourcePort, zeros(2)),
    destinationPortAt: append(Chunk.DestinationPort, zeros(2)),
    secondsAt: append(Chunk.Seconds, zeros(4)),
    microsecondsAt: append(Chunk.Microseconds, zeros(4)),
    typeAt: append(Chunk.PayloadType, zeros(1)),
  };
  append(Chunk.CaptureId, id);
  if (password !== '') append(Chunk.Password, password);
  return { bytes, ...places };
}

/** A chunk with the same value in all packets. */
export function chunk(type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([chunkHead(type, bytes.length), bytes]);
}

/** What stands before a chunk's value of so many bytes. */
export function chunkHead(type: number, length: number): Buffer {
  const head = Buffer.alloc(CHUNK_HEADER_BYTES);
  writeChunkHead(head, 0, type, length);
  return head;
}

function writeChunkHead(into: Buffer, at: number, type: number, length: number): void {
  writeUint16(into, 0, at);
  writeUint16(into, type, at + 2);
  writeUint16(into, CHUNK_HEADER_BYTES + length, at + 4);
}
