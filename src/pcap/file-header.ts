import { LITTLE_ENDIAN, writeUint32 } from '../packet/record.js';
import { snapLengthOf, type Link, type Precision } from '../packet/packet-batch.js';
import { BIG, LITTLE } from './byte-order.js';

/** Bytes of a capture file's header (draft-ietf-opsawg-pcap, section 4). */
export const FILE_HEADER_BYTES = 24;

const MAGIC: Record<Precision, number> = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d };
/** Of the libpcap that Alexey Kuznetzov changed; in microseconds. */
const MODIFIED_MAGIC = 0xa1b2cd34;
const MAJOR_VERSION = 2;

/** The beginning of a pcap 2.4 file in this machine's byte order. */
export function encodeFileHeader(link: Link): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  writeUint32(header, MAGIC[link.precision], 0);
  const [major, minor] = [MAJOR_VERSION, 4];
  writeUint32(header, LITTLE_ENDIAN ? (minor << 16) | major : (major << 16) | minor, 4);
  writeUint32(header, link.snapLength, 16);
  writeUint32(header, link.linkType, 20);
  return header;
}

export interface FileHeader {
  readonly link: Link;
  /** The file's numbers are in the other byte order than this machine's. */
  readonly swapped: boolean;
  /** Records have headers of 24 bytes: an interface, a protocol and a packet type follow the lengths. */
  readonly modified: boolean;
  readonly minorVersion: number;
}

/** Whether a file that begins with these 4 bytes is a pcap file. */
export function hasPcapMagic(bytes: Buffer): boolean {
  return [LITTLE, BIG].some((order) => kindOf(order.uint32(bytes, 0)) !== undefined);
}

/** What the first 24 bytes say, or why they are not the header of a capture file. */
export function decodeFileHeader(bytes: Buffer): FileHeader | { readonly problem: string } {
  const order = kindOf(LITTLE.uint32(bytes, 0)) ? LITTLE : BIG;
  const kind = kindOf(order.uint32(bytes, 0));
  if (!kind) return { problem: 'not a pcap file' };
  const [major, minor] = [order.uint16(bytes, 4), order.uint16(bytes, 6)];
  if (major !== MAJOR_VERSION)
    return { problem: `version ${major}.${minor} of pcap can't be read` };
  return {
    link: {
      // The upper half holds the length of a frame check sequence, if any.
      linkType: order.uint32(bytes, 20) & 0xffff,
      precision: kind === 'nano' ? 'nano' : 'micro',
      snapLength: snapLengthOf(order.uint32(bytes, 16)),
    },
    swapped: (order === LITTLE) !== LITTLE_ENDIAN,
    modified: kind === 'modified',
    minorVersion: minor,
  };
}

function kindOf(magic: number): Precision | 'modified' | undefined {
  if (magic === MAGIC.micro) return 'micro';
  if (magic === MAGIC.nano) return 'nano';
  return magic === MODIFIED_MAGIC ? 'modified' : undefined;
}
