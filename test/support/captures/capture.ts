import type { PcapPacket, Precision } from '../pcap-file.js';

/** A packet as it should come back, and the link it belongs to. */
export interface CapturedPacket extends Required<PcapPacket> {
  readonly linkType: number;
  readonly precision: Precision;
  readonly interface?: string;
}

/** The bytes of a capture file and what is to be read of them. */
export interface Capture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly packets: readonly CapturedPacket[];
  /** What is wrong with the file, if anything. */
  readonly problem?: string;
  /** Packets that cannot be represented, by cause. */
  readonly unusable?: Readonly<Record<string, number>>;
}

/** Bytes that differ from place to place and from packet to packet. */
export function frameOf(number: number, bytes = 60): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 7 + number * 13) & 0xff));
}
