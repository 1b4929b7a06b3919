import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import type { CaptagentRecords } from './captagent-records.js';
import { HepPayloads } from './hep-payloads.js';
import type { MediaEncoder } from './media-encoder.js';

/** Captagent's JSON of each media packet: the payload is the JSON that HEP has, as a text, and `corr_id` the Call-ID. */
export class CaptagentMedia implements MediaEncoder {
  readonly #records: CaptagentRecords;
  readonly #payloads = new HepPayloads();

  constructor(records: CaptagentRecords) {
    this.#records = records;
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const { type, bytes, start, end } = this.#payloads.of(packet);
    this.#records.begin(out, passage);
    this.#records.payload(out, bytes, start, end);
    out.piece(',"corr_id":');
    out.text(packet.callId);
    return this.#records.end(out, type);
  }
}
