import { LITTLE_ENDIAN } from '../packet/record.js';
import { BIG, LITTLE } from './byte-order.js';
import type { CaptureDecoder, Decoded } from './capture-decoder.js';
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from './file-header.js';
import { takeOldRecords, type OldLayout } from './old-records.js';
import { takeWholeRecords } from './records.js';
import { withSnapLength } from './records-in-place.js';

/** Decodes classic pcap (draft-ietf-opsawg-pcap); its records are used where they lie. */
export class PcapDecoder implements CaptureDecoder {
  #header: FileHeader | undefined;

  decode(bytes: Buffer): Decoded {
    if (this.#header) return decodeRecords(bytes, this.#header);
    const nothing = { batch: undefined, consumed: 0, wanted: FILE_HEADER_BYTES };
    if (bytes.length < FILE_HEADER_BYTES) return nothing;
    const header = decodeFileHeader(bytes);
    if ('problem' in header) return { ...nothing, problem: header.problem };
    this.#header = header;
    const decoded = decodeRecords(bytes.subarray(FILE_HEADER_BYTES), header);
    return { ...decoded, consumed: FILE_HEADER_BYTES + decoded.consumed };
  }

  problemAtEnd(unconsumed: number): string | undefined {
    if (!this.#header) return 'not a pcap file: it ends too early';
    return unconsumed > 0 ? 'the last packet is cut off' : undefined;
  }
}

function decodeRecords(bytes: Buffer, header: FileHeader): Decoded {
  const layout = oldLayoutOf(header);
  if (layout) return takeOldRecords(bytes, layout, header.link);
  const whole = takeWholeRecords(bytes, header.swapped);
  const batch = {
    bytes: bytes.subarray(0, whole.byteLength),
    count: whole.count,
    link: withSnapLength(header.link, whole.longest),
  };
  return {
    batch: whole.count > 0 ? batch : undefined,
    consumed: whole.byteLength,
    wanted: whole.nextBytes,
    problem: whole.problem === undefined ? undefined : `damaged: ${whole.problem}`,
  };
}

/** How records differ from those of pcap 2.4, if they do. */
function oldLayoutOf({ modified, minorVersion, swapped }: FileHeader): OldLayout | undefined {
  if (!modified && minorVersion > 3) return undefined;
  return {
    order: swapped === LITTLE_ENDIAN ? BIG : LITTLE,
    headerBytes: modified ? 24 : 16,
    originalFirst: minorVersion < 3 ? 'always' : minorVersion === 3 ? 'where longer' : 'never',
  };
}
