import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { MediaKind, type MediaPacket } from '../rtp/media-packet.js';
import { framedHeader } from './kafka-frame.js';
import { KafkaRecordFrame } from './kafka-record-frame.js';
import { mediaLabels, MediaRecordWriter } from './media-record.js';
import type { Reporter } from './record-frame.js';

/** Writes a media packet as capture-agent's Kafka reporter does: the value is the record, and headers have its labels. */
export class MediaKafkaMessageWriter {
  readonly #frames: Readonly<Record<MediaKind, KafkaRecordFrame>>;
  readonly #records: MediaRecordWriter;

  constructor(reporter: Reporter) {
    this.#frames = {
      [MediaKind.Rtp]: new KafkaRecordFrame(reporter, 'rtp'),
      [MediaKind.Rtcp]: new KafkaRecordFrame(reporter, 'rtcp'),
    };
    this.#records = new MediaRecordWriter(reporter);
  }

  /** Writes one framed message behind what is there; the number of its bytes that are the value's. */
  write(out: JsonBytes, packet: MediaPacket, passage: Passage): number {
    const frame = this.#frames[packet.kind];
    const labels = mediaLabels(packet);
    frame.begin(out, passage);
    this.#records.write(out, packet, passage, labels);
    frame.endRecord(this.#records.frame);
    const headers = Object.entries(labels).flatMap(([name, value]) =>
      value === undefined ? [] : [framedHeader(`l.${name}`, value)],
    );
    frame.frame.addHeaders(Buffer.concat(headers), headers.length);
    return frame.end(passage);
  }
}
