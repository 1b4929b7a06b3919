import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { mediaLabels, MediaRecordWriter } from '../protocols/report/media-record.js';
import type { Reporter } from '../protocols/report/record-frame.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import type { MediaEncoder } from './media-encoder.js';

const LINE_END = Buffer.from('\n');

/** A line with the record of each media packet. */
export class MediaJsonLines implements MediaEncoder {
  readonly #writer: MediaRecordWriter;

  constructor(reporter: Reporter) {
    this.#writer = new MediaRecordWriter(reporter);
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    this.#writer.write(out, packet, passage, mediaLabels(packet));
    out.raw(LINE_END);
    return true;
  }
}
