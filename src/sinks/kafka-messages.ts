import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { Reporter } from '../protocols/report/record-frame.js';
import { SipKafkaMessageWriter } from '../protocols/report/sip-kafka-message.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

/** The record of each message with its key and its headers, framed for TopicOutlet. */
export class KafkaMessages implements MessageEncoder {
  bytesBeside = 0;
  readonly #writer: SipKafkaMessageWriter;

  constructor(reporter: Reporter) {
    this.#writer = new SipKafkaMessageWriter(reporter);
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const before = out.length;
    const valueBytes = this.#writer.write(out, message, passage);
    this.bytesBeside += out.length - before - valueBytes;
    return true;
  }
}
