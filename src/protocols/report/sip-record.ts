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
  readonly frame: RecordFrame;
  /** What all records have before their own. */
  readonly #sameLabels: Buffer;
  readonly #labels = new SipLabels();
  /** Where the labels of the record written last are. */
  readonly written = new JsonLabels();

  constructor(reporter: Reporter) {
    this.frame = new RecordFrame(reporter);
    this.#sameLabels = labelMembers(reporter.labels);
  }

  /** Writes one JSON object behind what is there. */
  write(json: JsonBytes, message: SipMessage, passage: Passage): void {
    this.frame.begin(json, passage);
    json.raw(LABELS);
    const before = json.length;
    json.raw(this.#sameLabels);
    this.written.begin(json);
    this.#labels.write(this.written, message);
    if (json.length > before) json.dropLast();
    json.raw(LABELS_END);
    this.frame.end(json, message.bytes, message.start, message.end);
  }
}

/** Labels as the fields of a JSON object, with a comma behind each. */
export class JsonLabels implements LabelOutput {
  /** A bit for each label that was written, by its index. */
  present = 0;
  /** Whether they stand there as they do in the message. */
  arePlain = true;
  readonly #starts = new Int32Array(SIP_LABELS.length);
  readonly #ends = new Int32Array(SIP_LABELS.length);
  #json = new JsonBytes();
  #index = 0;

  begin(json: JsonBytes): void {
    this.#json = json;
    this.present = 0;
    this.arePlain = true;
  }

  /** Of what was written to the Buffer, the value of a label. */
  startOf(index: number): number {
    return this.#starts[index] ?? 0;
  }

  endOf(index: number): number {
    return this.#ends[index] ?? 0;
  }

  beginLabel(index: number): void {
    this.#index = index;
    this.present |= 1 << index;
    this.#json.raw(NAMES[index] ?? COMMA);
    this.#starts[index] = this.#json.length;
  }

  text(bytes: Buffer, start: number, end: number): void {
    if (!this.#json.stringContent(bytes, start, end)) this.arePlain = false;
  }

  number(value: number): void {
    this.#json.number(value);
  }

  comma(): void {
    this.#json.raw(COMMA);
  }

  endLabel(): void {
    this.#ends[this.#index] = this.#json.length;
    this.#json.raw(LABEL_END);
  }
}
