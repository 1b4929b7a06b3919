import { JsonBytes } from '../protocols/json-bytes.js';
import { uint32 } from '../protocols/network-order.js';
import type { Passage } from '../protocols/passage.js';
import { MediaKind, type MediaPacket } from '../protocols/rtp/media-packet.js';
import { RtpHeader } from '../protocols/rtp/rtp-header.js';
import { framedHeader } from '../protocols/report/framed-message.js';
import { MessageRows, type MessageForm } from './message-form.js';
import { beginRecord, kafkaForm, lineForm, RECORD_COLUMNS, type Reporter } from './record-form.js';

/** What is written here beside the form: the middle of the record, and headers. */
const MIDDLE = RECORD_COLUMNS;
const HEADERS = RECORD_COLUMNS + 2;
const HEADER_COUNT = RECORD_COLUMNS + 4;
const WRITTEN = RECORD_COLUMNS + 5;
const ALL_COLUMNS = RECORD_COLUMNS + 6;

/** Writes RTP packets and RTCP reports as records of capture-agent's form: a line each, or messages for Kafka. */
export class MediaRecords {
  readonly #rows: Readonly<Record<MediaKind, MessageRows>>;
  readonly #labels: Reporter['labels'];
  readonly #written = new JsonBytes();
  readonly #ends = new Int32Array(1);

  constructor(reporter: Reporter, as: 'lines' | 'kafka') {
    this.#labels = reporter.labels;
    const rowsOf = (payloadType: string) => {
      const kind = {
        payloadType,
        middle: (form: MessageForm) => form.raw({ column: MIDDLE, source: WRITTEN }),
        headers: (form: MessageForm) =>
          form.rawHeaders({ column: HEADERS, source: WRITTEN }, HEADER_COUNT),
      };
      const form = as === 'lines' ? lineForm(reporter, kind) : kafkaForm(reporter, kind);
      return new MessageRows(form, ALL_COLUMNS);
    };
    this.#rows = { [MediaKind.Rtp]: rowsOf('rtp'), [MediaKind.Rtcp]: rowsOf('rtcp') };
  }

  /** Writes a packet behind what is there. The bytes of it that are the record's. */
  write(out: JsonBytes, packet: MediaPacket, passage: Passage): number {
    const { kind, bytes, end, reportsEnd } = packet;
    const rows = this.#rows[kind];
    const written = this.#written;
    const labels = mediaLabels(packet);
    written.clear();
    if (kind === MediaKind.Rtp) written.piece(',"payload_type":"rtp"');
    else {
      written.piece(',"payload_type":"rtcp","payload":');
      written.copy(bytes, end, reportsEnd);
    }
    written.piece(`,"labels":${JSON.stringify({ ...this.#labels, ...labels })}`);
    const middleEnd = written.length;
    const headers = Object.entries(labels).flatMap(([name, value]) =>
      value === undefined ? [] : [framedHeader(`l.${name}`, value)],
    );
    for (const header of headers) written.raw(header);

    const at = beginRecord(rows, packet, passage);
    const { numbers } = rows;
    numbers[at + MIDDLE] = 0;
    numbers[at + MIDDLE + 1] = numbers[at + HEADERS] = middleEnd;
    numbers[at + HEADERS + 1] = written.length;
    numbers[at + HEADER_COUNT] = headers.length;
    numbers[at + WRITTEN] = rows.sourceOf(written.bytes);
    const before = rows.valueBytes;
    rows.writeAll(out, this.#ends);
    return rows.valueBytes - before;
  }
}

/** By their names; a codec that is not known is left out. */
type MediaLabels = Readonly<Record<string, string | undefined>>;

const header = new RtpHeader();

/** What a record says that a media packet is about. */
function mediaLabels(packet: MediaPacket): MediaLabels {
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
