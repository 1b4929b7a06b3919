import type { PacketBatch } from '../packet/packet-batch.js';

/** What a decoder has made of the bytes that it was given. */
export interface Decoded {
  /** The packets of some of them, which share one link. Its records lie in the memory of those bytes. */
  readonly batch: PacketBatch | undefined;
  /** Bytes at the beginning that need not be given again. */
  readonly consumed: number;
  /** Bytes after these that make the next piece whole, as far as can be told; 0: go on with those that there are. */
  readonly wanted: number;
  /** Why nothing after these can be read. */
  readonly problem?: string | undefined;
}

/** Makes pcap records of the bytes of one capture file, without doing any input itself. */
export interface CaptureDecoder {
  /** Decodes the file's next bytes, as many as there are, in place. */
  decode(bytes: Buffer): Decoded;
  /** What is wrong, if anything, with a file that ends with so many of its bytes unconsumed. */
  problemAtEnd(unconsumed: number): string | undefined;
}

/** Packets that a file holds and a batch can't, by cause. */
export class UnusablePackets {
  /** Seconds before 1970 or past 32 bits. */
  timesOutOfRange = 0;
  unknownInterfaces = 0;
}
