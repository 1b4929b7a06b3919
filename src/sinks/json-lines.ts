import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { Reporter } from '../reports/record-form.js';
import { SipRecords } from '../reports/sip-record.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

/** A line with the record of each message. */
export class JsonLines implements MessageEncoder {
  readonly #records: SipRecords;

  constructor(reporter: Reporter) {
    this.#records = new SipRecords(reporter, 'lines');
  }

  encode(_: JsonBytes, message: SipMessage, passage: Passage): boolean {
    this.#records.add(message, passage);
    return true;
  }

  writeAll(out: JsonBytes, ends: Int32Array): void {
    this.#records.writeAll(out, ends);
  }
}
