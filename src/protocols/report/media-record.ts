import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { Endpoint } from '../rtp/call-media.js';
import { writeRtcp } from '../rtp/rtcp.js';
import type { RtpHeader } from '../rtp/rtp-header.js';
import { RecordFrame, type Reporter } from './record-frame.js';

/** Writes RTP packets and RTCP reports as records of capture-agent's form. */
export class MediaRecordWriter {
  readonly #frame: RecordFrame;

  constructor(reporter: Reporter) {
    this.#frame = new RecordFrame(reporter);
  }

  /** Writes one JSON object behind what is there: of a packet [start, end) whose header has been read. */
  writeRtp(
    json: JsonBytes,
    header: RtpHeader,
    passage: Passage,
    { call, codecs }: Endpoint,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const labels = {
      'rtp.version': String(header.version),
      'rtp.payload_type': String(header.payloadType),
      'rtp.seq': String(header.sequence),
      'rtp.timestamp': String(header.timestamp),
      'rtp.ssrc': hex32(header.ssrc),
      'rtp.marker': String(header.hasMarker),
      'rtp.has_ext': String(header.hasExtension),
      'rtp.call_id': call.callId,
      'rtp.codec': codecs.get(header.payloadType),
    };
    this.#frame.begin(json, passage);
    json.piece(`,"payload_type":"rtp","labels":${JSON.stringify(labels)}`);
    this.#frame.end(json, bytes, start, end);
  }

  /** The same of a compound RTCP packet; false, and nothing is written, where it can't be decoded. */
  writeRtcp(
    json: JsonBytes,
    passage: Passage,
    { call, codecs }: Endpoint,
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    const before = json.length;
    this.#frame.begin(json, passage);
    json.piece(',"payload_type":"rtcp","payload":');
    const ssrc = writeRtcp(json, bytes, start, end);
    if (ssrc === -1) {
      json.length = before;
      return false;
    }
    const [codec] = codecs.values();
    const labels = {
      'rtcp.payload_type': String(bytes[start + 1]),
      'rtcp.ssrc': hex32(ssrc),
      'rtcp.call_id': call.callId,
      'rtcp.codec': codec,
    };
    json.piece(`,"labels":${JSON.stringify(labels)}`);
    this.#frame.end(json, bytes, start, end);
    return true;
  }
}

function hex32(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
