import { snapLengthOf, type Link } from '../packet/packet-batch.js';
import { BIG, LITTLE, type ByteOrder } from './byte-order.js';
import type { CaptureDecoder, Decoded, UnusablePackets } from './capture-decoder.js';
import { decodeInterface, MIN_INTERFACE_BYTES, type PcapngInterface } from './pcapng-interface.js';
import { RecordsInPlace, type PacketFields } from './records-in-place.js';

/** Type of a file's first block; it reads the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;

const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type and length before a block's body, the length once more after it. */
const MIN_BLOCK_BYTES = 12;
const MIN_SECTION_BYTES = 28;
const MIN_PACKET_BYTES = 32;
const MIN_SIMPLE_PACKET_BYTES = 16;
/** No frame that Kafka could carry is longer; a greater length is damage. */
const MAX_BLOCK_BYTES = 128 * 1024 * 1024;
/** Far more than a file has; a bound for those that were made to do harm. */
const MAX_INTERFACES = 65_536;

/**
 * Decodes pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, and their packets in blocks of all three
 * kinds. Other blocks are passed over. A packet's record is never longer than its block, and takes its place.
 */
export class PcapngDecoder implements CaptureDecoder {
  readonly #unusable: UnusablePackets;
  #order: ByteOrder = LITTLE;
  #interfaces: PcapngInterface[] = [];
  readonly #links = new Map<string, Link>();
  #begun = false;
  readonly #packet: PacketFields = {
    seconds: 0,
    fraction: 0,
    captured: 0,
    original: 0,
    frameAt: 0,
  };

  constructor(unusable: UnusablePackets) {
    this.#unusable = unusable;
  }

  decode(bytes: Buffer): Decoded {
    const records = new RecordsInPlace(bytes);
    let link: Link | undefined;
    let at = 0;
    const decoded = (wanted: number, problem?: string): Decoded => ({
      batch: records.batch(link),
      consumed: at,
      wanted,
      problem,
    });
    let length: number;
    for (; ; at += length) {
      if (at + MIN_BLOCK_BYTES > bytes.length) return decoded(MIN_BLOCK_BYTES);
      // The same in both byte orders for a section, which is where the order may change.
      const type = this.#order.uint32(bytes, at);
      if (type === SECTION_HEADER) {
        const order = byteOrderOf(bytes, at);
        if (!order) return decoded(0, 'damaged: a section has no byte order');
        this.#order = order;
      }
      const { uint32 } = this.#order;
      const claimed = uint32(bytes, at + 4);
      // Some writers leave a block's padding out of its length.
      length = paddedLength(claimed);
      if (claimed < minBytesOf(type) || length > MAX_BLOCK_BYTES)
        return decoded(0, `damaged: a block claims to have ${claimed} bytes`);
      if (at + length > bytes.length) return decoded(length);
      if (paddedLength(uint32(bytes, at + length - 4)) !== length)
        return decoded(0, 'damaged: the two lengths of a block are not the same');

      let from: PcapngInterface | undefined;
      switch (type) {
        case ENHANCED_PACKET:
        case OBSOLETE_PACKET:
        case SIMPLE_PACKET:
          from = this.#interfaceOf(type, bytes, at);
          if (!this.#findFrame(type, bytes, at, length, from))
            return decoded(0, 'damaged: a packet is longer than its block');
          if (!from) this.#unusable.unknownInterfaces++;
          else if (link && link !== from.link) return decoded(0);
          else if (!this.#readTime(type, bytes, at, from)) this.#unusable.timesOutOfRange++;
          else {
            link = from.link;
            records.add(this.#packet);
          }
          break;
        case SECTION_HEADER:
        case INTERFACE_DESCRIPTION: {
          const block = bytes.subarray(at, at + length);
          const problem =
            type === SECTION_HEADER ? this.#beginSection(block) : this.#addInterface(block);
          if (problem !== undefined) return decoded(0, problem);
        }
      }
    }
  }

  problemAtEnd(unconsumed: number): string | undefined {
    if (!this.#begun) return 'not a pcapng file: it ends too early';
    return unconsumed > 0 ? 'the last block is cut off' : undefined;
  }

  #beginSection(block: Buffer): string | undefined {
    const [major, minor] = [this.#order.uint16(block, 12), this.#order.uint16(block, 14)];
    if (major !== 1) return `version ${major}.${minor} of pcapng can't be read`;
    this.#interfaces = [];
    this.#links.clear();
    this.#begun = true;
    return undefined;
  }

  #addInterface(block: Buffer): string | undefined {
    if (this.#interfaces.length === MAX_INTERFACES)
      return `damaged: a section has more than ${MAX_INTERFACES} interfaces`;
    const added = decodeInterface(block, this.#order);
    if ('problem' in added) return `damaged: ${added.problem}`;
    // Packets of interfaces that look the same can share a batch.
    const key = JSON.stringify(added.link);
    const link = this.#links.get(key) ?? added.link;
    this.#links.set(key, link);
    this.#interfaces.push({ ...added, link });
    return undefined;
  }

  #interfaceOf(type: number, bytes: Buffer, at: number): PcapngInterface | undefined {
    if (type === SIMPLE_PACKET) return this.#interfaces[0];
    const read = type === OBSOLETE_PACKET ? this.#order.uint16 : this.#order.uint32;
    return this.#interfaces[read(bytes, at + 8)];
  }

  /** False where the block is too short for what it claims to hold. */
  #findFrame(
    type: number,
    bytes: Buffer,
    at: number,
    length: number,
    from: PcapngInterface | undefined,
  ): boolean {
    const packet = this.#packet;
    const { uint32 } = this.#order;
    if (type === SIMPLE_PACKET) {
      packet.original = uint32(bytes, at + 8);
      // How much was captured is said by nothing else.
      const limit = from === undefined ? 0 : snapLengthOf(from.snapLength, packet.original);
      packet.captured = Math.min(packet.original, limit);
      packet.frameAt = at + 12;
      return packet.captured <= length - MIN_SIMPLE_PACKET_BYTES;
    }
    packet.captured = uint32(bytes, at + 20);
    packet.original = uint32(bytes, at + 24);
    packet.frameAt = at + 28;
    return packet.captured <= length - MIN_PACKET_BYTES;
  }

  /** False where the time can't be held; a Simple Packet Block has none, which is 0. */
  #readTime(type: number, bytes: Buffer, at: number, { clock }: PcapngInterface): boolean {
    const packet = this.#packet;
    if (type === SIMPLE_PACKET) {
      packet.seconds = 0;
      packet.fraction = 0;
      return true;
    }
    const { uint32 } = this.#order;
    const held = clock.read(uint32(bytes, at + 12), uint32(bytes, at + 16));
    packet.seconds = clock.seconds;
    packet.fraction = clock.fraction;
    return held;
  }
}

function paddedLength(claimed: number): number {
  return Math.ceil(claimed / 4) * 4;
}

function byteOrderOf(bytes: Buffer, section: number): ByteOrder | undefined {
  return [LITTLE, BIG].find((order) => order.uint32(bytes, section + 8) === BYTE_ORDER_MAGIC);
}

function minBytesOf(type: number): number {
  switch (type) {
    case ENHANCED_PACKET:
    case OBSOLETE_PACKET:
      return MIN_PACKET_BYTES;
    case SIMPLE_PACKET:
      return MIN_SIMPLE_PACKET_BYTES;
    case SECTION_HEADER:
      return MIN_SECTION_BYTES;
    case INTERFACE_DESCRIPTION:
      return MIN_INTERFACE_BYTES;
    default:
      return MIN_BLOCK_BYTES;
  }
}
