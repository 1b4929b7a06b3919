import { LITTLE_ENDIAN, writeUint32 } from '../packet/record.js';
import type { Link, Precision } from '../packet/packet-batch.js';

/** Bytes of a capture file's header (draft-ietf-opsawg-pcap, section 4). */
export const FILE_HEADER_BYTES = 24;

const MAGIC: Record<Precision, number> = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d };
/** First block of a pcapng file; it reads the same in both byte orders. */
const PCAPNG_SECTION = 0x0a0d0d0a;

/** The beginning of a pcap 2.4 file in this machine's byte order. */
export function encodeFileHeader(link: Link): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  writeUint32(header, MAGIC[link.precision], 0);
  const [major, minor] = [2, 4];
  writeUint32(header, LITTLE_ENDIAN ? (minor << 16) | major : (major << 16) | minor, 4);
  writeUint32(header, link.snapLength, 16);
  writeUint32(header, link.linkType, 20);
  return header;
}

export interface FileHeader {
  readonly link: Link;
  /** The file's numbers are in the other byte order than this machine's. */
  readonly swapped: boolean;
}

/** What the first 24 bytes say, or why they are not the header of a capture file. */
export function decodeFileHeader(bytes: Buffer): FileHeader | { readonly problem: string } {
  const magic = bytes.readUInt32LE(0);
  const little = precisionOf(magic);
  const precision = little ?? precisionOf(bytes.readUInt32BE(0));
  if (magic === PCAPNG_SECTION) return { problem: 'pcapng files are not read yet' };
  if (!precision) return { problem: 'not a pcap file' };

  const read = (offset: number) =>
    little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
  return {
    link: {
      // The upper half holds the length of a frame check sequence, if any.
      linkType: read(20) & 0xffff,
      precision,
      snapLength: read(16),
    },
    swapped: (little !== undefined) !== LITTLE_ENDIAN,
  };
}

function precisionOf(magic: number): Precision | undefined {
  if (magic === MAGIC.micro) return 'micro';
  return magic === MAGIC.nano ? 'nano' : undefined;
}
