import type { Link } from '../packet/packet-batch.js';
import type { ByteOrder } from './byte-order.js';
import type { Decoded } from './capture-decoder.js';
import { MAX_FRAME_BYTES } from './records.js';
import { RecordsInPlace, type PacketFields } from './records-in-place.js';

/** How the records of pcap before 2.4, and of modified pcap, are laid out. */
export interface OldLayout {
  readonly order: ByteOrder;
  readonly headerBytes: 16 | 24;
  /** Writers of 2.3 did not agree which of the two lengths comes first: the captured one is not the longer. */
  readonly originalFirst: 'always' | 'where longer' | 'never';
}

/** Makes records of pcap 2.4 of those at the beginning of a piece of an old file, in place. */
export function takeOldRecords(bytes: Buffer, layout: OldLayout, link: Link): Decoded {
  const { headerBytes, originalFirst } = layout;
  const { uint32 } = layout.order;
  const records = new RecordsInPlace(bytes);
  const packet: PacketFields = { seconds: 0, fraction: 0, captured: 0, original: 0, frameAt: 0 };
  let at = 0;
  let wanted = headerBytes as number;
  let problem: string | undefined;
  while (at + headerBytes <= bytes.length) {
    packet.seconds = uint32(bytes, at);
    packet.fraction = uint32(bytes, at + 4);
    const first = uint32(bytes, at + 8);
    const second = uint32(bytes, at + 12);
    const exchanged =
      originalFirst === 'always' || (originalFirst === 'where longer' && first > second);
    packet.captured = exchanged ? second : first;
    packet.original = exchanged ? first : second;
    packet.frameAt = at + headerBytes;
    if (packet.captured > MAX_FRAME_BYTES) {
      problem = `damaged: a record claims to hold ${packet.captured} bytes`;
      break;
    }
    const end = packet.frameAt + packet.captured;
    if (end > bytes.length) {
      wanted = end - at;
      break;
    }
    records.add(packet);
    at = end;
  }
  return { batch: records.batch(link), consumed: at, wanted, problem };
}
