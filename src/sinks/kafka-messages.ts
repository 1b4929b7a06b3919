import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { Reporter } from '../reports/record-form.js';
import { SipRecords } from '../reports/sip-record.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

/** The record of each message with its key and its headers, framed for TopicOutlet. */
export class KafkaMessages implements MessageEncoder {
  bytesBeside = 0;
  readonly #records: SipRecords;

  constructor(reporter: Reporter) {
    this.#records = new SipRecords(reporter, 'kafka');
  }

  encode(_: JsonBytes, message: SipMessage, passage: Passage): boolean {
    this.#records.add(message, passage);
    return true;
  }

  writeAll(out: JsonBytes, ends: Int32Array): void {
    const before = out.length;
    const valueBytes = this.#records.writeAll(out, ends);
    this.bytesBeside += out.length - before - valueBytes;
  }
}
