import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { writeAddress } from './ip-text.js';
import { framedHeader, headerReference, KafkaFrame } from './kafka-frame.js';
import type { RecordFrame, Reporter } from './record-frame.js';

const COLON = Buffer.from(':');
const DASH = Buffer.from('-');
const OF_PASSAGES = ['src_ip', 'dst_ip', 'src_port', 'dst_port', 'timestamp'];

/**
 * Frames records for Kafka with the key and the headers that all of capture-agent's have: the key is `SRC:PORT-DST:PORT`.
 *
 *     frames.begin(out, passage);
 *     // the record
 *     frames.endRecord(record);
 *     frames.frame.beginHeader(NAME); // more headers
 *     frames.end(passage);
 */
export class KafkaRecordFrame {
  readonly frame = new KafkaFrame(new JsonBytes());
  /** The headers of all messages: those that never change, and those of the passage, with where these begin. */
  readonly #headers: Buffer;
  readonly #count: number;
  readonly #ofPassage: readonly number[];
  #sourceEnd = 0;
  #sourcePortEnd = 0;
  #destinationAt = 0;
  #destinationEnd = 0;
  #destinationPortEnd = 0;

  constructor(reporter: Reporter, payloadType: string) {
    const same = [
      framedHeader('task_id', reporter.taskId),
      framedHeader('agent_id', reporter.agentId),
      framedHeader('payload_type', payloadType),
      ...Object.entries(reporter.labels ?? {}).map(([name, value]) =>
        framedHeader(`l.${name}`, value),
      ),
    ];
    const ofPassages = OF_PASSAGES.map(headerReference);
    this.#ofPassage = ofPassages.map(
      (_, index) => Buffer.concat([...same, ...ofPassages.slice(0, index)]).length,
    );
    this.#headers = Buffer.concat([...same, ...ofPassages]);
    this.#count = same.length + ofPassages.length;
  }

  /** Writes the key behind what is there. */
  begin(out: JsonBytes, passage: Passage): void {
    const { addresses, addressBytes } = passage;
    this.frame.begin(out);
    writeAddress(out, addresses, passage.sourceAt, addressBytes);
    this.#sourceEnd = out.length;
    out.raw(COLON);
    out.number(passage.sourcePort);
    this.#sourcePortEnd = out.length;
    out.raw(DASH);
    this.#destinationAt = out.length;
    writeAddress(out, addresses, passage.destinationAt, addressBytes);
    this.#destinationEnd = out.length;
    out.raw(COLON);
    out.number(passage.destinationPort);
    this.#destinationPortEnd = out.length;
    this.frame.endKey();
  }

  /** The record has been written, by `record`; its headers follow. */
  endRecord(record: RecordFrame): void {
    const { frame } = this;
    frame.endValue();
    const at = frame.addHeaders(this.#headers, this.#count);
    const [source = 0, destination = 0, sourcePort = 0, destinationPort = 0, time = 0] =
      this.#ofPassage;
    frame.refer(at + source, frame.keyAt, this.#sourceEnd);
    frame.refer(at + destination, this.#destinationAt, this.#destinationEnd);
    frame.refer(at + sourcePort, this.#sourceEnd + 1, this.#sourcePortEnd);
    frame.refer(at + destinationPort, this.#destinationEnd + 1, this.#destinationPortEnd);
    frame.refer(at + time, record.timestampAt, record.timestampEnd);
  }

  /** The number of the message's bytes that are the record's. */
  end(passage: Passage): number {
    this.frame.end(millisecondsOf(passage));
    return this.frame.valueLength;
  }
}

function millisecondsOf({ seconds, microseconds }: Passage): number {
  return seconds * 1000 + Math.floor(microseconds / 1000);
}
