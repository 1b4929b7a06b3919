import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { writeAddress } from '../protocols/report/ip-text.js';
import { MAX_DATAGRAM_BYTES } from './datagram-outlet.js';

export interface CaptagentOptions {
  readonly captureId: number;
  readonly hasPayload: boolean;
  /** Over a stream, a line each. */
  readonly endsLines: boolean;
}

const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 10;

/** The JSON of captagent's output_json, numbered from 1: what all records have, around the fields of their kind. */
export class CaptagentRecords {
  readonly #options: CaptagentOptions;
  #packetId = 0;
  #start = 0;

  constructor(options: CaptagentOptions) {
    this.#options = options;
  }

  begin(out: JsonBytes, passage: Passage): void {
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    this.#start = out.length;
    const version = passage.ipVersion;
    out.piece(`{"packet_id":${++this.#packetId},"my_time":${Math.floor(Date.now() / 1000)}`);
    out.piece(`,"ip_family":${version === 4 ? FAMILY_IPV4 : FAMILY_IPV6}`);
    out.piece(`,"ip_proto":${passage.protocol},"src_ip${version}":"`);
    writeAddress(out, addresses, sourceAt, addressBytes);
    out.piece(`","dst_ip${version}":"`);
    writeAddress(out, addresses, destinationAt, addressBytes);
    out.piece(`","src_port":${passage.sourcePort},"dst_port":${passage.destinationPort}`);
    out.piece(`,"tss":${passage.seconds},"tsu":${passage.microseconds}`);
  }

  /** The bytes as text, where they are wanted. */
  payload(out: JsonBytes, bytes: Buffer, start: number, end: number): void {
    if (!this.#options.hasPayload) return;
    out.piece(',"payload":');
    // Not as a header's value is written: its line ends stay.
    out.text(bytes.toString('utf8', start, end));
  }

  /** @param type of what is reported, as HEP has it; false where the record is too long for a datagram */
  end(out: JsonBytes, type: number): boolean {
    const { captureId, endsLines } = this.#options;
    out.piece(`,"proto_type":${type},"capt_id":${captureId}}${endsLines ? '\n' : ''}`);
    return endsLines || out.length - this.#start <= MAX_DATAGRAM_BYTES;
  }
}
