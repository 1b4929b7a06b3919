import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { MediaRecords } from '../reports/media-record.js';
import type { Reporter } from '../reports/record-form.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import type { MediaEncoder } from './media-encoder.js';

/** The record of each media packet with its key and its headers, framed for TopicOutlet. */
export class KafkaMedia implements MediaEncoder {
  bytesBeside = 0;
  readonly #records: MediaRecords;

  constructor(reporter: Reporter) {
    this.#records = new MediaRecords(reporter, 'kafka');
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const before = out.length;
    const valueBytes = this.#records.write(out, packet, passage);
    this.bytesBeside += out.length - before - valueBytes;
    return true;
  }
}
