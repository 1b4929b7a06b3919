import { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { writeAddress } from './ip-text.js';
import { framedHeader, headerBegin, KafkaFrame } from './kafka-frame.js';
import type { Reporter } from './record-frame.js';

const COLON = Buffer.from(':');
const DASH = Buffer.from('-');
const SOURCE_IP = headerBegin('src_ip');
const DESTINATION_IP = headerBegin('dst_ip');
const SOURCE_PORT = headerBegin('src_port');
const DESTINATION_PORT = headerBegin('dst_port');
const TIMESTAMP = headerBegin('timestamp');

/**
 * Frames records for Kafka with the key and the headers that all of capture-agent's have: the key is `SRC:PORT-DST:PORT`.
 *
 *     frames.begin(out, passage);
 *     // the record
 *     frames.endRecord(passage);
 *     frames.frame.beginHeader(NAME); // more headers
 *     frames.end(passage);
 */
export class KafkaRecordFrame {
  readonly frame = new KafkaFrame(new JsonBytes());
  /** Of all messages. */
  readonly #sameHeaders: Buffer;
  readonly #sameCount: number;
  #out = new JsonBytes();
  #sourceEnd = 0;
  #destinationAt = 0;
  #destinationEnd = 0;

  constructor(reporter: Reporter, payloadType: string) {
    const same = [
      framedHeader('task_id', reporter.taskId),
      framedHeader('agent_id', reporter.agentId),
      framedHeader('payload_type', payloadType),
      ...Object.entries(reporter.labels ?? {}).map(([name, value]) =>
        framedHeader(`l.${name}`, value),
      ),
    ];
    this.#sameHeaders = Buffer.concat(same);
    this.#sameCount = same.length;
  }

  /** Writes the key behind what is there. */
  begin(out: JsonBytes, passage: Passage): void {
    const { addresses, addressBytes } = passage;
    this.#out = out;
    this.frame.begin(out);
    writeAddress(out, addresses, passage.sourceAt, addressBytes);
    this.#sourceEnd = out.length;
    out.raw(COLON);
    out.number(passage.sourcePort);
    out.raw(DASH);
    this.#destinationAt = out.length;
    writeAddress(out, addresses, passage.destinationAt, addressBytes);
    this.#destinationEnd = out.length;
    out.raw(COLON);
    out.number(passage.destinationPort);
    this.frame.endKey();
  }

  /** The record has been written; its headers follow. */
  endRecord(passage: Passage): void {
    const { frame } = this;
    const out = this.#out;
    frame.endValue();
    frame.addHeaders(this.#sameHeaders, this.#sameCount);
    frame.beginHeader(SOURCE_IP);
    out.again(frame.keyAt, this.#sourceEnd);
    frame.endHeader();
    frame.beginHeader(DESTINATION_IP);
    out.again(this.#destinationAt, this.#destinationEnd);
    frame.endHeader();
    this.#numberHeader(SOURCE_PORT, passage.sourcePort);
    this.#numberHeader(DESTINATION_PORT, passage.destinationPort);
    this.#numberHeader(TIMESTAMP, millisecondsOf(passage));
  }

  /** The number of the message's bytes that are the record's. */
  end(passage: Passage): number {
    this.frame.end(millisecondsOf(passage));
    return this.frame.valueLength;
  }

  #numberHeader(begin: Buffer, value: number): void {
    this.frame.beginHeader(begin);
    this.#out.number(value);
    this.frame.endHeader();
  }
}

function millisecondsOf({ seconds, microseconds }: Passage): number {
  return seconds * 1000 + Math.floor(microseconds / 1000);
}
