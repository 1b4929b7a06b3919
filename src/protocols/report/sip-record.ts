import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { SipMessage } from '../sip/sip-message.js';
import { labelMembers, RecordFrame, type Reporter } from './record-frame.js';
import { SIP_LABELS, SipLabels, type LabelOutput } from './sip-labels.js';

const piece = (text: string): Buffer => Buffer.from(text);
const LABELS = piece(',"payload_type":"sip","labels":{');
const LABELS_END = piece('}');
const LABEL_END = piece('",');
const COMMA = piece(',');
const NAMES = SIP_LABELS.map((name) => piece(`"${name}":"`));

/** Writes a message as the record that capture-agent's Kafka reporter has, as bytes: values are copied out of the message. */
export class SipRecordWriter {
  readonly #frame: RecordFrame;
  /** What all records have before their own. */
  readonly #sameLabels: Buffer;
  readonly #labels = new SipLabels();
  readonly #output = new JsonLabels();

  constructor(reporter: Reporter) {
    this.#frame = new RecordFrame(reporter);
    this.#sameLabels = labelMembers(reporter.labels);
  }

  /** Writes one JSON object behind what is there. */
  write(json: JsonBytes, message: SipMessage, passage: Passage): void {
    this.#frame.begin(json, passage);
    json.raw(LABELS);
    const before = json.length;
    json.raw(this.#sameLabels);
    this.#output.json = json;
    this.#labels.write(this.#output, message);
    if (json.length > before) json.dropLast();
    json.raw(LABELS_END);
    this.#frame.end(json, message.bytes, message.start, message.end);
  }
}

/** Labels as the fields of a JSON object, with a comma behind each. */
class JsonLabels implements LabelOutput {
  json = new JsonBytes();

  beginLabel(index: number): void {
    this.json.raw(NAMES[index] ?? COMMA);
  }

  text(bytes: Buffer, start: number, end: number): void {
    this.json.stringContent(bytes, start, end);
  }

  number(value: number): void {
    this.json.number(value);
  }

  comma(): void {
    this.json.raw(COMMA);
  }

  endLabel(): void {
    this.json.raw(LABEL_END);
  }
}
