import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { SipMessage } from '../sip/sip-message.js';
import { headerBegin, headerReference, type KafkaFrame } from './kafka-frame.js';
import { KafkaRecordFrame } from './kafka-record-frame.js';
import type { Reporter } from './record-frame.js';
import { SIP_LABELS, SipLabels, type LabelOutput } from './sip-labels.js';
import { SipRecordWriter, type JsonLabels } from './sip-record.js';

const COMMA = Buffer.from(',');
const LABELS = SIP_LABELS.map((name) => headerBegin(`l.${name}`));
const REFERENCES = SIP_LABELS.map((name) => headerReference(`l.${name}`));

/** Writes a message as capture-agent's Kafka reporter does: the value is the record, and headers have what it is about. */
export class SipKafkaMessageWriter {
  readonly #frame: KafkaRecordFrame;
  readonly #records: SipRecordWriter;
  readonly #labels = new SipLabels();
  readonly #output: HeaderLabels;
  /** By which labels are present. */
  readonly #headers: LabelHeaders[] = [];

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
    frame.endRecord(this.#records.frame);
    const { written } = this.#records;
    if (written.arePlain) this.#referTo(written);
    else {
      this.#output.out = out;
      this.#labels.write(this.#output, message);
    }
    return frame.end(passage);
  }

  /** Labels as headers, whose values are those in the record. */
  #referTo(labels: JsonLabels): void {
    const { frame } = this.#frame;
    const { present } = labels;
    const { headers, places } = (this.#headers[present] ??= labelHeaders(present));
    const at = frame.addHeaders(headers, places.length);
    for (const { label, offset } of places)
      frame.refer(at + offset, labels.startOf(label), labels.endOf(label));
  }
}

/** Headers for some of the labels, each of which begins at its offset. */
interface LabelHeaders {
  readonly headers: Buffer;
  readonly places: readonly { readonly label: number; readonly offset: number }[];
}

function labelHeaders(present: number): LabelHeaders {
  let headers = Buffer.alloc(0);
  const places: { label: number; offset: number }[] = [];
  for (const [label, header] of REFERENCES.entries()) {
    if ((present & (1 << label)) === 0) continue;
    places.push({ label, offset: headers.length });
    headers = Buffer.concat([headers, header]);
  }
  return { headers, places };
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
