const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const MODIFIED_MAGIC = 0xa1b2cd34;
/** The types of block that hold a packet: Packet (obsolete), Simple, Enhanced. */
const PACKET_BLOCKS = [2, 3, 6];

/**
 * How many packets there are in the bytes of a capture file of any format, up to and with the last one that is whole;
 * counted by the book, and not by kcap's own code. Lengths are believed.
 */
export function packetCount(bytes: Buffer): number {
  if (bytes.length < 24) return 0;
  return bytes.readUInt32LE(0) === SECTION_HEADER ? packetBlocks(bytes) : records(bytes);
}

function packetBlocks(bytes: Buffer): number {
  let count = 0;
  let big = false;
  const uint32 = (at: number) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  for (let at = 0; at + 12 <= bytes.length;) {
    if (uint32(at) === SECTION_HEADER) big = bytes.readUInt32BE(at + 8) === BYTE_ORDER_MAGIC;
    const next = at + Math.ceil(uint32(at + 4) / 4) * 4;
    if (next > bytes.length) break;
    if (PACKET_BLOCKS.includes(uint32(at))) count++;
    at = next;
  }
  return count;
}

function records(bytes: Buffer): number {
  const big = bytes.readUInt8(0) === 0xa1;
  const uint32 = (at: number) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  const minor = big ? bytes.readUInt16BE(6) : bytes.readUInt16LE(6);
  const headerBytes = uint32(0) === MODIFIED_MAGIC ? 24 : 16;
  // Until 2.3 the lengths stood the other way round, in 2.3 either way.
  const capturedLength = (at: number) => {
    const [first, second] = [uint32(at + 8), uint32(at + 12)];
    if (minor < 3) return second;
    return minor === 3 ? Math.min(first, second) : first;
  };
  let count = 0;
  for (let at = 24; at + headerBytes <= bytes.length; count++) {
    at += headerBytes + capturedLength(at);
    if (at > bytes.length) break;
  }
  return count;
}
