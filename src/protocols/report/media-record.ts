import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { uint32 } from '../network-order.js';
import { MediaKind, type MediaPacket } from '../rtp/media-packet.js';
import { RtpHeader } from '../rtp/rtp-header.js';
import { RecordFrame, type Reporter } from './record-frame.js';

/** Writes RTP packets and RTCP reports as records of capture-agent's form. */
export class MediaRecordWriter {
  readonly #frame: RecordFrame;
  readonly #header = new RtpHeader();

  constructor(reporter: Reporter) {
    this.#frame = new RecordFrame(reporter);
  }

  /** Writes one JSON object behind what is there. */
  write(json: JsonBytes, packet: MediaPacket, passage: Passage): void {
    const { bytes, start, end } = packet;
    this.#frame.begin(json, passage);
    if (packet.kind === MediaKind.Rtp) this.#writeRtp(json, packet);
    else writeReports(json, packet);
    this.#frame.end(json, bytes, start, end);
  }

  #writeRtp(json: JsonBytes, { bytes, start, end, callId, codec }: MediaPacket): void {
    const header = this.#header;
    header.read(bytes, start, end);
    const labels = {
      'rtp.version': String(header.version),
      'rtp.payload_type': String(header.payloadType),
      'rtp.seq': String(header.sequence),
      'rtp.timestamp': String(header.timestamp),
      'rtp.ssrc': ssrcText(header.ssrc),
      'rtp.marker': String(header.hasMarker),
      'rtp.has_ext': String(header.hasExtension),
      'rtp.call_id': callId,
      'rtp.codec': codec,
    };
    json.piece(`,"payload_type":"rtp","labels":${JSON.stringify(labels)}`);
  }
}

function writeReports(json: JsonBytes, packet: MediaPacket): void {
  const { bytes, start, end, reportsEnd, callId, codec } = packet;
  json.piece(',"payload_type":"rtcp","payload":');
  json.copy(bytes, end, reportsEnd);
  const labels = {
    'rtcp.payload_type': String(bytes[start + 1]),
    'rtcp.ssrc': ssrcText(end - start < 8 ? 0 : uint32(bytes, start + 4)),
    'rtcp.call_id': callId,
    'rtcp.codec': codec,
  };
  json.piece(`,"labels":${JSON.stringify(labels)}`);
}

/** As capture-agent has it: `0x0000BEEF`. */
export function ssrcText(ssrc: number): string {
  return `0x${ssrc.toString(16).toUpperCase().padStart(8, '0')}`;
}
