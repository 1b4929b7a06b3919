import { ByteRange } from '../protocols/byte-range.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { writeAddress } from '../protocols/report/ip-text.js';
import { findUri } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { MAX_DATAGRAM_BYTES } from './datagram-outlet.js';
import type { MessageEncoder } from './message-encoder.js';

export interface CaptagentJsonOptions {
  readonly captureId: number;
  readonly hasPayload: boolean;
  /** Over a stream, a line each. */
  readonly endsLines: boolean;
}

const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 10;
const SIP = 1;

/** The JSON of captagent's output_json, with fields of a SIP message besides. */
export class CaptagentJson implements MessageEncoder {
  readonly #options: CaptagentJsonOptions;
  readonly #uri = new ByteRange();
  #packetId = 0;

  constructor(options: CaptagentJsonOptions) {
    this.#options = options;
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const { captureId, hasPayload, endsLines } = this.#options;
    const { addresses, addressBytes, sourceAt, destinationAt } = passage;
    const before = out.length;
    const version = passage.ipVersion;
    out.piece(`{"packet_id":${++this.#packetId},"my_time":${Math.floor(Date.now() / 1000)}`);
    out.piece(`,"ip_family":${version === 4 ? FAMILY_IPV4 : FAMILY_IPV6}`);
    out.piece(`,"ip_proto":${passage.protocol},"src_ip${version}":"`);
    writeAddress(out, addresses, sourceAt, addressBytes);
    out.piece(`","dst_ip${version}":"`);
    writeAddress(out, addresses, destinationAt, addressBytes);
    out.piece(`","src_port":${passage.sourcePort},"dst_port":${passage.destinationPort}`);
    out.piece(`,"tss":${passage.seconds},"tsu":${passage.microseconds}`);
    if (hasPayload) {
      out.piece(',"payload":');
      // Not as a header's value is written: its line ends stay.
      out.text(message.bytes.toString('utf8', message.start, message.end));
    }
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
    out.piece(`,"proto_type":${SIP},"capt_id":${captureId}}${endsLines ? '\n' : ''}`);
    return endsLines || out.length - before <= MAX_DATAGRAM_BYTES;
  }

  #field(out: JsonBytes, name: string, { bytes }: SipMessage, value: ByteRange): void {
    if (!value.isPresent) return;
    out.piece(`,"${name}":`);
    out.string(bytes, value.start, value.end);
  }
}
