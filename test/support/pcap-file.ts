/**
 * Classic pcap, written and read by the book (draft-ietf-opsawg-pcap) and not by kcap's own code, so that tests
 * have something independent to compare with. Malformed files are made by cutting or changing the bytes.
 */

const MAGIC = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d } as const;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

export type Precision = keyof typeof MAGIC;
export type ByteOrder = 'little' | 'big';

export interface PcapPacket {
  /** Seconds since 1970-01-01 UTC. */
  readonly seconds: number;
  /** Microseconds or nanoseconds, as the file's precision says. */
  readonly fraction: number;
  /** The captured bytes. */
  readonly frame: Buffer;
  /** Bytes that were on the wire; as many as were captured where not given. */
  readonly originalLength?: number;
}

export interface PcapHeader {
  readonly precision: Precision;
  readonly byteOrder: ByteOrder;
  /** LINKTYPE_ number of the tcpdump.org registry; 1 is Ethernet. All 32 bits of the field. */
  readonly linkType: number;
  readonly snapLength: number;
}

/** Makes the bytes of a pcap 2.4 file; without more said: microseconds, little-endian, Ethernet, 262144. */
export function pcapFile({
  packets,
  precision = 'micro',
  byteOrder = 'little',
  linkType = 1,
  snapLength = 262_144,
}: Partial<PcapHeader> & { readonly packets: readonly PcapPacket[] }): Buffer {
  const write32 = uint32Writer(byteOrder);
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  write32(header, MAGIC[precision], 0);
  // Two 16-bit numbers: version 2.4.
  write32(header, byteOrder === 'little' ? 0x0004_0002 : 0x0002_0004, 4);
  write32(header, snapLength, 16);
  write32(header, linkType, 20);

  const records = packets.flatMap(({ seconds, fraction, frame, originalLength }) => {
    const record = Buffer.alloc(RECORD_HEADER_BYTES);
    write32(record, seconds, 0);
    write32(record, fraction, 4);
    write32(record, frame.length, 8);
    write32(record, originalLength ?? frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

/** Reads a whole pcap 2.4 file; throws on anything that is not one, a record cut short included. */
export function readPcap(bytes: Buffer): {
  readonly header: PcapHeader;
  readonly packets: readonly Required<PcapPacket>[];
} {
  const { precision, byteOrder } = readMagic(bytes);
  const read32 = uint32Reader(byteOrder);
  const version = read32(bytes, 4);
  if (version !== (byteOrder === 'little' ? 0x0004_0002 : 0x0002_0004)) {
    throw new Error(`Not pcap 2.4: version field 0x${version.toString(16)}`);
  }
  const header = {
    precision,
    byteOrder,
    snapLength: read32(bytes, 16),
    linkType: read32(bytes, 20),
  };

  const packets: Required<PcapPacket>[] = [];
  let at = FILE_HEADER_BYTES;
  while (at < bytes.length) {
    const frameAt = at + RECORD_HEADER_BYTES;
    const capturedLength = frameAt <= bytes.length ? read32(bytes, at + 8) : 0;
    const next = frameAt + capturedLength;
    if (next > bytes.length) throw new Error(`Record ${packets.length + 1} is cut short`);
    packets.push({
      seconds: read32(bytes, at),
      fraction: read32(bytes, at + 4),
      originalLength: read32(bytes, at + 12),
      frame: bytes.subarray(frameAt, next),
    });
    at = next;
  }
  return { header, packets };
}

function readMagic(bytes: Buffer): Pick<PcapHeader, 'precision' | 'byteOrder'> {
  if (bytes.length < FILE_HEADER_BYTES) {
    throw new Error(`Not a pcap file: ${bytes.length} bytes, the header alone has 24`);
  }
  for (const precision of ['micro', 'nano'] as const) {
    if (bytes.readUInt32LE(0) === MAGIC[precision]) return { precision, byteOrder: 'little' };
    if (bytes.readUInt32BE(0) === MAGIC[precision]) return { precision, byteOrder: 'big' };
  }
  throw new Error(`Not a pcap file: it begins with ${bytes.toString('hex', 0, 4)}`);
}

function uint32Writer(byteOrder: ByteOrder): (into: Buffer, value: number, at: number) => void {
  return byteOrder === 'little'
    ? (into, value, at) => into.writeUInt32LE(value, at)
    : (into, value, at) => into.writeUInt32BE(value, at);
}

function uint32Reader(byteOrder: ByteOrder): (from: Buffer, at: number) => number {
  return byteOrder === 'little'
    ? (from, at) => from.readUInt32LE(at)
    : (from, at) => from.readUInt32BE(at);
}
