import { type ByteOrder, pcapFile, type PcapPacket } from '../pcap-file.js';

/** pcap as it was before 2.4, and as Alexey Kuznetzov's libpcap wrote it; both as libpcap reads them. */

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

export interface OldPcap {
  readonly packets: readonly PcapPacket[];
  readonly byteOrder: ByteOrder;
  readonly linkType?: number;
}

/** Modified pcap: an interface index, a protocol and a packet type follow a record's lengths. */
export function modifiedPcapFile(description: OldPcap): Buffer {
  const { header, records } = parts(description);
  putUint32(header, 0xa1b2cd34, 0, description.byteOrder);
  // Interface 2, IPv4, an outgoing packet; in either byte order it is not looked at.
  const more = Buffer.from('0200000008000400', 'hex');
  return Buffer.concat([header, ...records.flatMap(({ head, frame }) => [head, more, frame])]);
}

/** pcap 2.0 to 2.3, whose records begin with the original length where `originalFirst` says so. */
export function earlyPcapFile(
  description: OldPcap & { readonly minor: number; readonly originalFirst: boolean },
): Buffer {
  const { header, records } = parts(description);
  const { byteOrder, minor, originalFirst } = description;
  header.writeUInt8(minor, byteOrder === 'little' ? 6 : 7);
  if (originalFirst)
    for (const { head } of records) {
      const captured = Buffer.from(head.subarray(8, 12));
      head.copy(head, 8, 12, 16);
      captured.copy(head, 12);
    }
  return Buffer.concat([header, ...records.flatMap(({ head, frame }) => [head, frame])]);
}

function parts(description: OldPcap): {
  header: Buffer;
  records: { head: Buffer; frame: Buffer }[];
} {
  const bytes = pcapFile(description);
  let at = FILE_HEADER_BYTES;
  const records = description.packets.map(({ frame }) => {
    const head = bytes.subarray(at, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + frame.length;
    return { head, frame };
  });
  return { header: bytes.subarray(0, FILE_HEADER_BYTES), records };
}

function putUint32(into: Buffer, value: number, at: number, byteOrder: ByteOrder): void {
  if (byteOrder === 'little') into.writeUInt32LE(value, at);
  else into.writeUInt32BE(value, at);
}
