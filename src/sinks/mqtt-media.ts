import { PublishFrame } from '../mqtt/publish-packet.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import { MediaRecords } from '../reports/media-record.js';
import type { Reporter } from '../reports/record-form.js';
import type { MediaEncoder } from './media-encoder.js';

/** The record of each media packet as a PUBLISH packet, for MqttOutlet: the envelope is one of SIP messages. */
export class MqttMedia implements MediaEncoder {
  bytesBeside = 0;
  readonly #frame: PublishFrame;
  readonly #records: MediaRecords;

  constructor(topic: string, reporter: Reporter) {
    this.#frame = new PublishFrame(topic);
    this.#records = new MediaRecords(reporter, 'lines');
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const start = out.length;
    this.#frame.begin(out);
    const payloadStart = out.length;
    this.#records.write(out, packet, passage);
    // A packet needs no line end.
    out.length--;
    const payloadBytes = out.length - payloadStart;
    this.#frame.end(out);
    this.bytesBeside += out.length - start - payloadBytes;
    return true;
  }
}
