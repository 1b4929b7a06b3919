import { ByteRange } from '../byte-range.js';
import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { HEADER, HeaderLine } from '../sip/header-line.js';
import { headerNamed, VIA } from '../sip/header-name.js';
import { findUri } from '../sip/header-value.js';
import type { SipMessage } from '../sip/sip-message.js';
import { labelMembers, RecordFrame, type Reporter } from './record-frame.js';

const piece = (text: string): Buffer => Buffer.from(text);
const SIP_LABELS = piece(',"payload_type":"sip","labels":{');
const LABELS_END = piece('}');
const QUOTE = piece('"');
const COMMA = piece(',');

const METHOD = piece('"sip.method":');
const STATUS = piece('"sip.status_code":"');
const CSEQ_METHOD = piece('"sip.cseq_method":');
const CALL_ID = piece('"sip.call_id":');
const FROM_URI = piece('"sip.from_uri":');
const TO_URI = piece('"sip.to_uri":');
const VIA_LABEL = piece('"sip.via":');

/**
 * Writes a message as the record that capture-agent's Kafka reporter has, as bytes: values are copied out of the message.
 * Labels whose header is missing are left out; Via values have a comma between them.
 */
export class SipRecordWriter {
  readonly #frame: RecordFrame;
  /** What all records have before their own. */
  readonly #labels: Buffer;
  readonly #uri = new ByteRange();
  readonly #line = new HeaderLine();

  constructor(reporter: Reporter) {
    this.#frame = new RecordFrame(reporter);
    this.#labels = labelMembers(reporter.labels);
  }

  /** Writes one JSON object behind what is there. */
  write(json: JsonBytes, message: SipMessage, passage: Passage): void {
    this.#frame.begin(json, passage);
    json.raw(SIP_LABELS);
    this.#writeLabels(json, message);
    json.raw(LABELS_END);
    this.#frame.end(json, message.bytes, message.start, message.end);
  }

  #writeLabels(json: JsonBytes, message: SipMessage): void {
    const before = json.length;
    json.raw(this.#labels);
    if (message.isRequest) this.#label(json, METHOD, message, message.method);
    else {
      json.raw(STATUS);
      json.number(message.status);
      json.raw(QUOTE);
      json.raw(COMMA);
    }
    this.#label(json, CALL_ID, message, message.callId);
    this.#uriLabel(json, FROM_URI, message, message.from);
    this.#uriLabel(json, TO_URI, message, message.to);
    if (message.viaCount === 1) this.#label(json, VIA_LABEL, message, message.via);
    else if (message.viaCount > 1) this.#viaLabel(json, message);
    this.#label(json, CSEQ_METHOD, message, message.cseqMethod);
    if (json.length > before) json.dropLast();
  }

  #label(json: JsonBytes, name: Buffer, { bytes }: SipMessage, value: ByteRange): void {
    if (!value.isPresent) return;
    json.raw(name);
    json.string(bytes, value.start, value.end);
    json.raw(COMMA);
  }

  #uriLabel(json: JsonBytes, name: Buffer, message: SipMessage, value: ByteRange): void {
    findUri(message.bytes, value, this.#uri);
    this.#label(json, name, message, this.#uri);
  }

  #viaLabel(json: JsonBytes, { bytes, headersStart, bodyStart }: SipMessage): void {
    const line = this.#line;
    json.raw(VIA_LABEL);
    json.raw(QUOTE);
    let isFirst = true;
    for (let at = headersStart; line.read(bytes, at, bodyStart) === HEADER; at = line.next) {
      if (headerNamed(bytes, line.nameStart, line.nameEnd) !== VIA) continue;
      if (!isFirst) json.raw(COMMA);
      isFirst = false;
      json.stringContent(bytes, line.valueStart, line.valueEnd);
    }
    json.raw(QUOTE);
    json.raw(COMMA);
  }
}
