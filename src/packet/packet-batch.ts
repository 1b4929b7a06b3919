import { LITTLE_ENDIAN, RECORD_HEADER_BYTES, recordLength } from './record.js';

/** What the fraction of a record's time counts: microseconds or nanoseconds. */
export type Precision = 'micro' | 'nano';

/** LINKTYPE_ETHERNET of the tcpdump.org registry: what a packet is when nothing says otherwise. */
export const ETHERNET = 1;

/** libpcap's largest snapshot length in bytes, but for some link types. */
export const MAX_SNAP_LENGTH = 262_144;

/** A snapshot length as files and -s say it, in bytes: 0 is no limit, which is `unlimited`. */
export function snapLengthOf(said: number, unlimited = MAX_SNAP_LENGTH): number {
  return said === 0 ? unlimited : said;
}

const MIB = 1024 * 1024;
/** Those of longer packets, as libpcap has them: D-Bus, USBPcap and EBHSCR. */
const LONGER: Readonly<Record<number, number>> = { 231: 128 * MIB, 249: MIB, 279: 8 * MIB };

/** Bytes of which no record of a classic pcap file of this link type may hold more. */
export function maxSnapLength(linkType: number): number {
  return LONGER[linkType] ?? MAX_SNAP_LENGTH;
}

/** What all packets of a batch have in common. */
export interface Link {
  /** LINKTYPE_ number of the tcpdump.org registry. */
  readonly linkType: number;
  readonly precision: Precision;
  /** No captured length in the batch exceeds this number of bytes. */
  readonly snapLength: number;
  /** Name of the interface that the packets were captured on, where it is known. */
  readonly interface?: string | undefined;
  /** Name of the host that captured them, where it is known. */
  readonly host?: string | undefined;
}

/** A place in a partition of the topic that a batch came from. */
export interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
  /** Packets of the message at `offset` that come before this place. */
  readonly skip: number;
}

/** Where the packets of a batch came from in a topic. */
export interface Origin {
  /**
   * POSITION_BYTES a record: offset (int64), partition (int32), and the packets of its message up to this one, or 0
   * where it is the last (int32); in host byte order.
   */
  readonly positions: Buffer;
  /** For each partition, the first offset that has not been handled once this batch has been. */
  readonly next: readonly PartitionOffset[];
}

export const POSITION_BYTES = 16;

/**
 * A run of consecutive pcap records that share one link. Its memory is reused: it is valid until the next batch
 * is asked for.
 */
export interface PacketBatch {
  /** `count` records, each a 16-byte header and the captured bytes (record.ts). */
  readonly bytes: Buffer;
  readonly count: number;
  readonly link: Link;
  /** What to acknowledge once the batch has been handled; batches from a topic have it. */
  readonly origin?: Origin;
  /** Several look at it at the same time: nobody may write to its memory. */
  readonly shared?: boolean;
}

/** The batch in memory that may be written to: its own where nobody else looks at it, else a copy. */
export function writable(batch: PacketBatch): PacketBatch {
  if (batch.shared !== true) return batch;
  const { origin, ...packets } = batch;
  const copy = { ...packets, bytes: Buffer.from(batch.bytes), shared: false };
  return origin
    ? { ...copy, origin: { ...origin, positions: Buffer.from(origin.positions) } }
    : copy;
}

/** Sum of the captured lengths of a batch, in bytes. */
export function frameBytes(batch: PacketBatch): number {
  return batch.bytes.length - batch.count * RECORD_HEADER_BYTES;
}

/** The message that the record with this index came in. */
export function positionAt(
  { positions }: Origin,
  index: number,
): Omit<PartitionOffset, 'skip'> & { readonly passed: number } {
  const at = index * POSITION_BYTES;
  const int32 = (offset: number) =>
    LITTLE_ENDIAN ? positions.readInt32LE(offset) : positions.readInt32BE(offset);
  const offset = LITTLE_ENDIAN ? positions.readBigInt64LE(at) : positions.readBigInt64BE(at);
  return { offset: Number(offset), partition: int32(at + 8), passed: int32(at + 12) };
}

/** The first `count` packets of a batch; acknowledging them leaves the others unread. */
export function firstPackets(batch: PacketBatch, count: number): PacketBatch {
  if (count >= batch.count) return batch;
  let end = 0;
  for (let i = 0; i < count; i++) end += recordLength(batch.bytes, end);
  const first = { ...batch, bytes: batch.bytes.subarray(0, end), count };
  return batch.origin ? { ...first, origin: firstPositions(batch.origin, count) } : first;
}

/** What comes after the first `byteLength` bytes, which are whole packets. For batches that are not acknowledged. */
export function packetsAfter(
  { bytes, link, shared = false }: PacketBatch,
  byteLength: number,
): PacketBatch {
  const rest = bytes.subarray(byteLength);
  let count = 0;
  for (let at = 0; at < rest.length; at += recordLength(rest, at)) count++;
  return { bytes: rest, count, link, shared };
}

function firstPositions(origin: Origin, count: number): Origin {
  const next = new Map<number, PartitionOffset>();
  for (let i = 0; i < count; i++) {
    const { partition, offset, passed } = positionAt(origin, i);
    const isLast = passed === 0;
    next.set(partition, { partition, offset: isLast ? offset + 1 : offset, skip: passed });
  }
  return {
    positions: origin.positions.subarray(0, count * POSITION_BYTES),
    next: [...next.values()],
  };
}
