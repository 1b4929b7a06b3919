import { PayloadType } from '../protocols/hep/chunk.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import { MediaKind, type MediaPacket } from '../protocols/rtp/media-packet.js';
import { RtcpType } from '../protocols/rtp/rtcp.js';
import { RtpHeader } from '../protocols/rtp/rtp-header.js';
import { ssrcText } from '../reports/media-record.js';

/** What HEP carries of a media packet, valid until the next one. */
interface HepPayload {
  readonly type: PayloadType;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What HEP carries of media packets: the reports of RTCP, or the header of RTP, as JSON. */
export class HepPayloads {
  readonly #header = new RtpHeader();
  readonly #json = new JsonBytes();

  of(packet: MediaPacket): HepPayload {
    const { kind, bytes, start, end, reportsEnd } = packet;
    if (kind === MediaKind.Rtp) return this.#headerOf(packet);
    // Of what begins with other reports these are the payload's, and those of XR are among them.
    const isExtended = bytes[start + 1] === RtcpType.ExtendedReport;
    const type = isExtended ? PayloadType.RtcpXr : PayloadType.Rtcp;
    return { type, bytes, start: end, end: reportsEnd };
  }

  /** With the names that reports on RTP have in HOMER, where they mean the same. */
  #headerOf({ bytes, start, end, callId, codec }: MediaPacket): HepPayload {
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
    return { type: PayloadType.RtpReport, bytes: json.bytes, start: 0, end: json.length };
  }
}
