import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { MediaKafkaMessageWriter } from '../protocols/report/media-kafka-message.js';
import type { Reporter } from '../protocols/report/record-frame.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import type { MediaEncoder } from './media-encoder.js';

/** The record of each media packet with its key and its headers, framed for TopicOutlet. */
export class KafkaMedia implements MediaEncoder {
  bytesBeside = 0;
  readonly #writer: MediaKafkaMessageWriter;

  constructor(reporter: Reporter) {
    this.#writer = new MediaKafkaMessageWriter(reporter);
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const before = out.length;
    const valueBytes = this.#writer.write(out, packet, passage);
    this.bytesBeside += out.length - before - valueBytes;
    return true;
  }
}
