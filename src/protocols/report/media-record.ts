import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { uint32 } from '../network-order.js';
import { MediaKind, type MediaPacket } from '../rtp/media-packet.js';
import { RtpHeader } from '../rtp/rtp-header.js';
import { RecordFrame, type Reporter } from './record-frame.js';

/** Writes RTP packets and RTCP reports as records of capture-agent's form. */
export class MediaRecordWriter {
  readonly frame: RecordFrame;
  readonly #labels: Reporter['labels'];

  constructor(reporter: Reporter) {
    this.frame = new RecordFrame(reporter);
    this.#labels = reporter.labels;
  }

  /** Writes one JSON object behind what is there, with labels that `mediaLabels` has found. */
  write(json: JsonBytes, packet: MediaPacket, passage: Passage, labels: MediaLabels): void {
    const { kind, bytes, start, end, reportsEnd } = packet;
    this.frame.begin(json, passage);
    if (kind === MediaKind.Rtp) json.piece(',"payload_type":"rtp"');
    else {
      json.piece(',"payload_type":"rtcp","payload":');
      json.copy(bytes, end, reportsEnd);
    }
    json.piece(`,"labels":${JSON.stringify({ ...this.#labels, ...labels })}`);
    this.frame.end(json, bytes, start, end);
  }
}

/** By their names; a codec that is not known is left out. */
export type MediaLabels = Readonly<Record<string, string | undefined>>;

const header = new RtpHeader();

/** What a record says that a media packet is about. */
export function mediaLabels(packet: MediaPacket): MediaLabels {
  const { kind, bytes, start, end, callId, codec } = packet;
  if (kind === MediaKind.Rtcp)
    return {
      'rtcp.payload_type': String(bytes[start + 1]),
      'rtcp.ssrc': ssrcText(end - start < 8 ? 0 : uint32(bytes, start + 4)),
      'rtcp.call_id': callId,
      'rtcp.codec': codec,
    };
  header.read(bytes, start, end);
  return {
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
}

/** As capture-agent has it: `0x0000BEEF`. */
export function ssrcText(ssrc: number): string {
  return `0x${ssrc.toString(16).toUpperCase().padStart(8, '0')}`;
}
