import { MAX_HEP3_BYTES, PayloadType } from '../protocols/hep/chunk.js';
import { HepWriter, type HepSettings } from '../protocols/hep/hep-writer.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { ssrcText } from '../reports/media-record.js';
import { MediaKind, type MediaPacket } from '../protocols/rtp/media-packet.js';
import { RtcpType } from '../protocols/rtp/rtcp.js';
import { RtpHeader } from '../protocols/rtp/rtp-header.js';
import { MAX_DATAGRAM_BYTES } from './datagram-outlet.js';
import type { MediaEncoder } from './media-encoder.js';

export interface HepMediaOptions extends HepSettings {
  readonly isDatagram: boolean;
}

/**
 * A HEP packet with each media packet, of HEP3 alone, which says what is in it: the reports of RTCP, or the header of RTP, as
 * JSON, with the Call-ID as the correlation id.
 */
export class HepMedia implements MediaEncoder {
  readonly #writer: HepWriter;
  readonly #mostBytes: number;
  readonly #header = new RtpHeader();
  readonly #json = new JsonBytes();

  constructor({ isDatagram, ...settings }: HepMediaOptions) {
    this.#writer = new HepWriter(settings);
    this.#mostBytes = isDatagram ? MAX_DATAGRAM_BYTES : MAX_HEP3_BYTES;
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const { bytes, start, end, reportsEnd } = packet;
    const callId = Buffer.from(packet.callId);
    const correlation = { bytes: callId, start: 0, end: callId.length };
    let type = PayloadType.RtpReport;
    let payload = { bytes, start: end, end: reportsEnd };
    if (packet.kind === MediaKind.Rtp) payload = this.#headerOf(packet);
    // Of what begins with other reports these are the payload's, and those of XR are among them.
    else
      type = bytes[start + 1] === RtcpType.ExtendedReport ? PayloadType.RtcpXr : PayloadType.Rtcp;
    const length = this.#writer.write(passage, type, payload, correlation);
    if (length === 0 || length > this.#mostBytes) return false;
    out.copy(this.#writer.bytes, 0, length);
    return true;
  }

  /** With the names that reports on RTP have in HOMER, where they mean the same. */
  #headerOf({ bytes, start, end, callId, codec }: MediaPacket): {
    bytes: Buffer;
    start: number;
    end: number;
  } {
    const json = this.#json;
    const header = this.#header;
    header.read(bytes, start, end);
    json.clear();
    json.piece(
      JSON.stringify({
        CORRELATION_ID: callId,
        RTP_SIP_CALL_ID: callId,
        SSRC: ssrcText(header.ssrc),
        CODEC_PT: header.payloadType,
        CODEC_NAME: codec,
        RTP_SEQ: header.sequence,
        RTP_TIMESTAMP: header.timestamp,
        RTP_MARKER: header.hasMarker,
        RTP_BYTES: header.payloadEnd - header.payloadAt,
      }),
    );
    return { bytes: json.bytes, start: 0, end: json.length };
  }
}
