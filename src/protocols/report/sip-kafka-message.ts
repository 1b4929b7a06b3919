import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { SipMessage } from '../sip/sip-message.js';
import { headerBegin, type KafkaFrame } from './kafka-frame.js';
import { KafkaRecordFrame } from './kafka-record-frame.js';
import type { Reporter } from './record-frame.js';
import { SIP_LABELS, SipLabels, type LabelOutput } from './sip-labels.js';
import { SipRecordWriter } from './sip-record.js';

const COMMA = Buffer.from(',');
const LABELS = SIP_LABELS.map((name) => headerBegin(`l.${name}`));

/** Writes a message as capture-agent's Kafka reporter does: the value is the record, and headers have what it is about. */
export class SipKafkaMessageWriter {
  readonly #frame: KafkaRecordFrame;
  readonly #records: SipRecordWriter;
  readonly #labels = new SipLabels();
  readonly #output: HeaderLabels;

  constructor(reporter: Reporter) {
    this.#frame = new KafkaRecordFrame(reporter, 'sip');
    this.#records = new SipRecordWriter(reporter);
    this.#output = new HeaderLabels(this.#frame.frame);
  }

  /** Writes one framed message behind what is there; the number of its bytes that are the value's. */
  write(out: JsonBytes, message: SipMessage, passage: Passage): number {
    const frame = this.#frame;
    frame.begin(out, passage);
    this.#records.write(out, message, passage);
    frame.endRecord(passage);
    this.#output.out = out;
    this.#labels.write(this.#output, message);
    return frame.end(passage);
  }
}

/** Labels as headers, with the bytes that the message has. */
class HeaderLabels implements LabelOutput {
  out = new JsonBytes();
  readonly #frame: KafkaFrame;

  constructor(frame: KafkaFrame) {
    this.#frame = frame;
  }

  beginLabel(index: number): void {
    this.#frame.beginHeader(LABELS[index] ?? COMMA);
  }

  text(bytes: Buffer, start: number, end: number): void {
    this.out.unfolded(bytes, start, end);
  }

  number(value: number): void {
    this.out.number(value);
  }

  comma(): void {
    this.out.raw(COMMA);
  }

  endLabel(): void {
    this.#frame.endHeader();
  }
}
