import { ByteRange } from '../protocols/byte-range.js';
import { PayloadType } from '../protocols/hep/chunk.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { findUri } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { CaptagentRecords } from './captagent-records.js';
import type { MessageEncoder } from './message-encoder.js';

/** Captagent's JSON of each message, with fields of SIP besides. */
export class CaptagentJson implements MessageEncoder {
  readonly #records: CaptagentRecords;
  readonly #uri = new ByteRange();

  constructor(records: CaptagentRecords) {
    this.#records = records;
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    this.#records.begin(out, passage);
    this.#records.payload(out, message.bytes, message.start, message.end);
    this.#field(out, 'corr_id', message, message.callId);
    this.#field(out, 'sip_callid', message, message.callId);
    this.#field(out, 'sip_method', message, message.method);
    if (!message.isRequest) out.piece(`,"sip_response":${message.status}`);
    this.#field(out, 'sip_cseq', message, message.cseq);
    findUri(message.bytes, message.from, this.#uri);
    this.#field(out, 'sip_from_uri', message, this.#uri);
    findUri(message.bytes, message.to, this.#uri);
    this.#field(out, 'sip_to_uri', message, this.#uri);
    if (message.isRequest) this.#field(out, 'sip_request_uri', message, message.uri);
    return this.#records.end(out, PayloadType.Sip);
  }

  #field(out: JsonBytes, name: string, { bytes }: SipMessage, value: ByteRange): void {
    if (!value.isPresent) return;
    out.piece(`,"${name}":`);
    out.string(bytes, value.start, value.end);
  }
}
