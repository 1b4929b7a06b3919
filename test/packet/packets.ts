import { endianness } from 'node:os';

import {
  type Link,
  type Origin,
  type PacketBatch,
  type PartitionOffset,
  POSITION_BYTES,
} from '#kcap/packet/packet-batch.js';

import { type ByteOrder, type PcapPacket, pcapFile, readPcap } from '../support/pcap-file.js';

/** Packets and batches as tests write them down, made by the independent pcap of test/support. */

export const HOST_ORDER: ByteOrder = endianness() === 'LE' ? 'little' : 'big';

export const LINK: Link = { linkType: 1, precision: 'micro', snapLength: 262_144 };

const FILE_HEADER = pcapFile({ packets: [], byteOrder: HOST_ORDER });

/** The records of these packets, as they stand in the body of a pcap file. */
export function recordsOf(packets: readonly PcapPacket[], byteOrder = HOST_ORDER): Buffer {
  return pcapFile({ packets, byteOrder }).subarray(FILE_HEADER.length);
}

/** The packets that these records of this machine's byte order hold; throws where the last one is not whole. */
export function packetsIn(records: Buffer): readonly Required<PcapPacket>[] {
  return readPcap(Buffer.concat([FILE_HEADER, records])).packets;
}

export function batchOf(
  packets: readonly PcapPacket[],
  { origin, ...link }: Partial<Link> & { readonly origin?: Origin } = {},
): PacketBatch {
  const batch = {
    bytes: recordsOf(packets),
    count: packets.length,
    link: { ...LINK, ...link },
  };
  return origin ? { ...batch, origin } : batch;
}

/** Packets that differ in all that a packet has: `count` of them, counted from `first`. */
export function numbered(
  count: number,
  { first = 0, bytes = 60 }: { readonly first?: number; readonly bytes?: number } = {},
): Required<PcapPacket>[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const frame = Buffer.alloc(bytes + (number % 3), number);
    const originalLength = frame.length + (number % 2) * 100;
    return { seconds: 1_700_000_000 + number, fraction: number, frame, originalLength };
  });
}

/** Where packets come from in a topic, one entry a packet; by default `next` is what is not among them. */
export function originOf(
  positions: readonly (readonly [partition: number, offset: number, passed?: number])[],
  next: readonly (Omit<PartitionOffset, 'skip'> & { readonly skip?: number })[] = [],
): Origin {
  const bytes = Buffer.alloc(positions.length * POSITION_BYTES);
  positions.forEach(([partition, offset, passed = 0], index) => {
    const at = index * POSITION_BYTES;
    if (HOST_ORDER === 'little') {
      bytes.writeBigInt64LE(BigInt(offset), at);
      bytes.writeInt32LE(partition, at + 8);
      bytes.writeInt32LE(passed, at + 12);
    } else {
      bytes.writeBigInt64BE(BigInt(offset), at);
      bytes.writeInt32BE(partition, at + 8);
      bytes.writeInt32BE(passed, at + 12);
    }
  });
  return { positions: bytes, next: next.map((place) => ({ skip: 0, ...place })) };
}
