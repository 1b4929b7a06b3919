import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { SipMessage } from '../sip/sip-message.js';
import { writeAddress } from './ip-text.js';
import { framedHeader, headerBegin, KafkaFrame } from './kafka-frame.js';
import type { Reporter } from './record-frame.js';
import { SIP_LABELS, SipLabels, type LabelOutput } from './sip-labels.js';
import { SipRecordWriter } from './sip-record.js';

const COLON = Buffer.from(':');
const DASH = Buffer.from('-');
const COMMA = Buffer.from(',');
const SOURCE_IP = headerBegin('src_ip');
const DESTINATION_IP = headerBegin('dst_ip');
const SOURCE_PORT = headerBegin('src_port');
const DESTINATION_PORT = headerBegin('dst_port');
const TIMESTAMP = headerBegin('timestamp');
const LABELS = SIP_LABELS.map((name) => headerBegin(`l.${name}`));

/**
 * Writes a message as capture-agent's Kafka reporter does: the key is `SRC:PORT-DST:PORT`, the value the record, and
 * headers have what it is about. Framed for the addon (KafkaFrame).
 */
export class SipKafkaMessageWriter {
  readonly #frame = new KafkaFrame(new JsonBytes());
  readonly #records: SipRecordWriter;
  readonly #labels = new SipLabels();
  readonly #output = new HeaderLabels(this.#frame);
  /** Of all messages. */
  readonly #sameHeaders: Buffer;
  readonly #sameCount: number;

  constructor(reporter: Reporter) {
    this.#records = new SipRecordWriter(reporter);
    const same = [
      framedHeader('task_id', reporter.taskId),
      framedHeader('agent_id', reporter.agentId),
      framedHeader('payload_type', 'sip'),
      ...Object.entries(reporter.labels ?? {}).map(([name, value]) =>
        framedHeader(`l.${name}`, value),
      ),
    ];
    this.#sameHeaders = Buffer.concat(same);
    this.#sameCount = same.length;
  }

  /** Writes one framed message behind what is there; the number of its bytes that are the value's. */
  write(out: JsonBytes, message: SipMessage, passage: Passage): number {
    const { addresses, addressBytes, seconds, microseconds } = passage;
    const frame = this.#frame;
    const timestampMs = seconds * 1000 + Math.floor(microseconds / 1000);
    frame.begin(out);
    writeAddress(out, addresses, passage.sourceAt, addressBytes);
    const sourceEnd = out.length;
    out.raw(COLON);
    out.number(passage.sourcePort);
    out.raw(DASH);
    const destinationAt = out.length;
    writeAddress(out, addresses, passage.destinationAt, addressBytes);
    const destinationEnd = out.length;
    out.raw(COLON);
    out.number(passage.destinationPort);
    frame.endKey();
    this.#records.write(out, message, passage);
    frame.endValue();
    frame.addHeaders(this.#sameHeaders, this.#sameCount);
    frame.beginHeader(SOURCE_IP);
    out.again(frame.keyAt, sourceEnd);
    frame.endHeader();
    frame.beginHeader(DESTINATION_IP);
    out.again(destinationAt, destinationEnd);
    frame.endHeader();
    this.#numberHeader(out, SOURCE_PORT, passage.sourcePort);
    this.#numberHeader(out, DESTINATION_PORT, passage.destinationPort);
    this.#numberHeader(out, TIMESTAMP, timestampMs);
    this.#output.out = out;
    this.#labels.write(this.#output, message);
    frame.end(timestampMs);
    return frame.valueLength;
  }

  #numberHeader(out: JsonBytes, begin: Buffer, value: number): void {
    this.#frame.beginHeader(begin);
    out.number(value);
    this.#frame.endHeader();
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
