import type { JsonBytes } from '../protocols/json-bytes.js';
import { uint16, uint32 } from '../protocols/network-order.js';
import type { Passage } from '../protocols/passage.js';
import { ssrcText } from '../reports/media-record.js';
import { MediaKind, type MediaPacket } from '../protocols/rtp/media-packet.js';
import { RtcpType } from '../protocols/rtp/rtcp.js';
import { RtpHeader } from '../protocols/rtp/rtp-header.js';
import { shown, type LineColumns } from './line-columns.js';
import type { MediaEncoder } from './media-encoder.js';

const MAGENTA = 35;
/** As RFC 3550 and RFC 3611 call them. */
const RTCP_NAMES: Readonly<Record<number, string>> = {
  [RtcpType.SenderReport]: 'SR',
  [RtcpType.ReceiverReport]: 'RR',
  [RtcpType.SourceDescription]: 'SDES',
  [RtcpType.Bye]: 'BYE',
  [RtcpType.Application]: 'APP',
  [RtcpType.ExtendedReport]: 'XR',
};

/** A line for people about each media packet, in the columns of the messages' lines. */
export class MediaLines implements MediaEncoder {
  readonly #columns: LineColumns;
  readonly #header = new RtpHeader();

  constructor(columns: LineColumns) {
    this.#columns = columns;
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const { kind, callId } = packet;
    const columns = this.#columns;
    const { first, second, rest } =
      kind === MediaKind.Rtp ? this.#ofRtp(packet) : reportsOf(packet);
    const beginning = columns.beginning(passage, kind === MediaKind.Rtp ? 'RTP' : 'RTCP');
    const padded = columns.column(2, first);
    const parts = [
      beginning,
      columns.paint(first, MAGENTA) + padded.slice(first.length),
      columns.column(3, second),
      columns.column(4, shown(callId)),
      rest,
    ];
    out.piece(`${parts.join(' ')}\n`);
    return true;
  }

  #ofRtp({ bytes, start, end, codec }: MediaPacket): Line {
    const header = this.#header;
    header.read(bytes, start, end);
    const marker = header.hasMarker ? ' marker' : '';
    return {
      first: shown(codec ?? `payload type ${header.payloadType}`),
      second: `seq ${header.sequence}`,
      rest: `ssrc ${ssrcText(header.ssrc)} ts ${header.timestamp}${marker}`,
    };
  }
}

interface Line {
  readonly first: string;
  readonly second: string;
  readonly rest: string;
}

function reportsOf({ bytes, start, end, codec }: MediaPacket): Line {
  const names: string[] = [];
  for (let at = start; at + 4 <= end; at += 4 + 4 * uint16(bytes, at + 2)) {
    const type = bytes[at + 1] ?? 0;
    names.push(RTCP_NAMES[type] ?? `type ${type}`);
  }
  const ssrc = end - start < 8 ? 0 : uint32(bytes, start + 4);
  return { first: names.join(' '), second: shown(codec ?? ''), rest: `ssrc ${ssrcText(ssrc)}` };
}
