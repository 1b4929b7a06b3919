import type { Link, PacketBatch, Precision } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  ORIGINAL_LENGTH_OFFSET,
  readUint32,
  RECORD_HEADER_BYTES,
  writeUint16,
  writeUint32,
} from '../packet/record.js';

/** Block types and options of draft-ietf-opsawg-pcapng; all numbers are written in this machine's byte order. */
const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const OPTION = {
  userApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  timestampResolution: 9,
  statisticsStart: 2,
  statisticsEnd: 3,
  statisticsDelivered: 8,
} as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type, length, and the length again at the end. */
const BLOCK_FRAME_BYTES = 12;
/** An enhanced packet block without frame and options. */
const PACKET_BLOCK_BYTES = BLOCK_FRAME_BYTES + 20;
/** Decimal digits of a second that times count, by precision. */
const RESOLUTION: Readonly<Record<Precision, number>> = { micro: 6, nano: 9 };

/** The block that begins a section. Its length is not said: the section goes to the end. */
export function encodeSectionHeader(application: string): Buffer {
  const body = Buffer.alloc(16);
  writeUint32(body, BYTE_ORDER_MAGIC, 0);
  writeUint16(body, 1, 4); // version 1.0
  body.fill(0xff, 8);
  return block(BLOCK.section, body, [[OPTION.userApplication, Buffer.from(application)]]);
}

/** Describes the interface with the next number; its host, where it is known, stands in the description. */
export function encodeInterface(link: Link): Buffer {
  const body = Buffer.alloc(8); // a snapshot length of 0 is none
  writeUint16(body, link.linkType, 0);
  return block(BLOCK.interface, body, [
    ...text(OPTION.interfaceName, link.interface),
    ...text(OPTION.interfaceDescription, link.host),
    [OPTION.timestampResolution, Buffer.from([RESOLUTION[link.precision]])],
  ]);
}

/** As a record has it: the fraction counts what the link's precision says. */
export interface Time {
  readonly seconds: number;
  readonly fraction: number;
}

export interface InterfaceStatistics {
  readonly interfaceId: number;
  readonly precision: Precision;
  readonly packets: number;
  /** Of its first and its last packet. */
  readonly start: Time;
  readonly end: Time;
}

export function encodeStatistics(statistics: InterfaceStatistics): Buffer {
  const { interfaceId, precision, packets, start, end } = statistics;
  const body = Buffer.alloc(12);
  const [first, last] = [Buffer.alloc(8), Buffer.alloc(8)];
  writeUint32(body, interfaceId, 0);
  writeTimestamp(start, precision, first, 0);
  writeTimestamp(end, precision, last, 0);
  last.copy(body, 4);
  const delivered = new BigUint64Array([BigInt(packets)]);
  return block(BLOCK.statistics, body, [
    [OPTION.statisticsStart, first],
    [OPTION.statisticsEnd, last],
    [OPTION.statisticsDelivered, Buffer.from(delivered.buffer)],
  ]);
}

/** Bytes that a packet of this captured length takes as a block. */
export function packetBlockLength(capturedLength: number): number {
  return PACKET_BLOCK_BYTES + ((capturedLength + 3) & ~3);
}

/** Bytes that the packets of a batch take as blocks. */
export function packetBlocksLength(batch: PacketBatch): number {
  // At most 3 bytes more than the frame, to a multiple of four.
  return batch.bytes.length + batch.count * (PACKET_BLOCK_BYTES - RECORD_HEADER_BYTES + 3);
}

/** Writes the packets of a batch as enhanced packet blocks into `into`; the bytes that they took. */
export function encodePackets(batch: PacketBatch, interfaceId: number, into: Buffer): Buffer {
  const { bytes, link } = batch;
  // One object for all packets.
  const time = { seconds: 0, fraction: 0 };
  let end = 0;
  for (let at = 0; at < bytes.length;) {
    const captured = readUint32(bytes, at + CAPTURED_LENGTH_OFFSET);
    const length = packetBlockLength(captured);
    const padded = length - PACKET_BLOCK_BYTES;
    writeUint32(into, BLOCK.packet, end);
    writeUint32(into, length, end + 4);
    writeUint32(into, interfaceId, end + 8);
    time.seconds = readUint32(bytes, at);
    time.fraction = readUint32(bytes, at + FRACTION_OFFSET);
    writeTimestamp(time, link.precision, into, end + 12);
    writeUint32(into, captured, end + 20);
    writeUint32(into, readUint32(bytes, at + ORIGINAL_LENGTH_OFFSET), end + 24);
    const frame = at + RECORD_HEADER_BYTES;
    bytes.copy(into, end + 28, frame, frame + captured);
    into.fill(0, end + 28 + captured, end + 28 + padded);
    writeUint32(into, length, end + length - 4);
    end += length;
    at = frame + captured;
  }
  return into.subarray(0, end);
}

/** How many of the first packets of a batch lie wholly within so many bytes of their blocks. */
export function packetsWithin(
  blocks: Buffer,
  byteLength: number,
): { readonly count: number; readonly byteLength: number } {
  let [count, end] = [0, 0];
  for (let at = 0; at < blocks.length; count++) {
    at += readUint32(blocks, at + 4);
    if (at > byteLength) break;
    end = at;
  }
  return { count, byteLength: end };
}

/**
 * Writes a time as pcapng has it: two halves of a 64-bit count, the upper one first. Without BigInt, which would be an
 * allocation a packet: a count of nanoseconds does not fit a double.
 */
function writeTimestamp(
  { seconds, fraction }: Time,
  precision: Precision,
  into: Buffer,
  offset: number,
): void {
  const perSecond = precision === 'nano' ? 1e9 : 1e6;
  const upper = (seconds >>> 16) * perSecond;
  const rest = (upper % 0x10000) * 0x10000 + (seconds & 0xffff) * perSecond + fraction;
  writeUint32(into, Math.floor(upper / 0x10000) + Math.floor(rest / 0x100000000), offset);
  writeUint32(into, rest % 0x100000000, offset + 4);
}

type EncodedOption = readonly [code: number, value: Buffer];

function text(code: number, value: string | undefined): EncodedOption[] {
  return value === undefined ? [] : [[code, Buffer.from(value)]];
}

function block(type: number, body: Buffer, options: readonly EncodedOption[]): Buffer {
  const encoded = [...options, [0, Buffer.alloc(0)] as const].map(([code, value]) => {
    const option = Buffer.alloc(4 + ((value.length + 3) & ~3));
    writeUint16(option, code, 0);
    writeUint16(option, value.length, 2);
    value.copy(option, 4);
    return option;
  });
  const content = Buffer.concat([body, ...encoded]);
  const frame = Buffer.alloc(BLOCK_FRAME_BYTES);
  const length = frame.length + content.length;
  writeUint32(frame, type, 0);
  writeUint32(frame, length, 4);
  writeUint32(frame, length, 8);
  return Buffer.concat([frame.subarray(0, 8), content, frame.subarray(8)]);
}
