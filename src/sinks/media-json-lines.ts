import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { MediaRecords } from '../reports/media-record.js';
import type { Reporter } from '../reports/record-form.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import type { MediaEncoder } from './media-encoder.js';

/** A line with the record of each media packet. */
export class MediaJsonLines implements MediaEncoder {
  readonly #records: MediaRecords;

  constructor(reporter: Reporter) {
    this.#records = new MediaRecords(reporter, 'lines');
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    this.#records.write(out, packet, passage);
    return true;
  }
}
