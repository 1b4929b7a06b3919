import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { SipRecordWriter } from '../protocols/report/sip-record.js';
import type { Reporter } from '../protocols/report/record-frame.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

const LINE_END = Buffer.from('\n');

/** A line with the record of each message. */
export class JsonLines implements MessageEncoder {
  readonly #writer: SipRecordWriter;

  constructor(reporter: Reporter) {
    this.#writer = new SipRecordWriter(reporter);
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    this.#writer.write(out, message, passage);
    out.raw(LINE_END);
    return true;
  }
}
