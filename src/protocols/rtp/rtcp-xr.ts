import type { JsonBytes } from '../json-bytes.js';
import { uint16, uint32 } from '../network-order.js';

/** Types of report blocks (RFC 3611, section 4). */
const Block = {
  LossRle: 1,
  DuplicateRle: 2,
  ReceiptTimes: 3,
  ReferenceTime: 4,
  Dlrr: 5,
  Statistics: 6,
  VoipMetrics: 7,
} as const;

type Field = readonly [name: string, at: number, bytes: 1 | 2 | 4 | 'signed'];

/** What a block's fixed fields are called, and where they are after its header of four bytes. */
const FIELDS: Readonly<
  Record<number, { readonly length: number; readonly fields: readonly Field[] }>
> = {
  [Block.ReferenceTime]: {
    length: 8,
    fields: [
      ['ntp_timestamp_sec', 0, 4],
      ['ntp_timestamp_usec', 4, 4],
    ],
  },
  [Block.Statistics]: {
    length: 36,
    fields: [
      ['source_ssrc', 0, 4],
      ['begin_seq', 4, 2],
      ['end_seq', 6, 2],
      ['lost_packets', 8, 4],
      ['dup_packets', 12, 4],
      ['min_jitter', 16, 4],
      ['max_jitter', 20, 4],
      ['mean_jitter', 24, 4],
      ['dev_jitter', 28, 4],
      ['min_ttl_or_hl', 32, 1],
      ['max_ttl_or_hl', 33, 1],
      ['mean_ttl_or_hl', 34, 1],
      ['dev_ttl_or_hl', 35, 1],
    ],
  },
  [Block.VoipMetrics]: {
    length: 32,
    fields: [
      ['id', 0, 4],
      ['fraction_lost', 4, 1],
      ['fraction_discard', 5, 1],
      ['burst_density', 6, 1],
      ['gap_density', 7, 1],
      ['burst_duration', 8, 2],
      ['gap_duration', 10, 2],
      ['round_trip_delay', 12, 2],
      ['end_system_delay', 14, 2],
      ['signal_level', 16, 'signed'],
      ['noise_level', 17, 'signed'],
      ['rerl', 18, 1],
      ['gmin', 19, 1],
      ['r_factor', 20, 1],
      ['ext_r_factor', 21, 1],
      ['mos_lq', 22, 1],
      ['mos_cq', 23, 1],
      ['rx_config', 24, 1],
      ['jb_nominal', 26, 2],
      ['jb_maximum', 28, 2],
      ['jb_abs_max', 30, 2],
    ],
  },
};

const DLRR_BYTES = 12;

/**
 * Writes an XR packet's blocks: the VoIP metrics as HOMER's `report_blocks_xr`, the last one where there are several, and
 * all others with their types in the list `xr`. Those that list single packets (RLE, receipt times) have the stream and
 * the sequence numbers that they cover. MOS is ten times what it is, as it is sent; 127 is no value.
 *
 * @returns false where a block leads out of the packet, or is too short
 */
export function writeExtendedReports(
  json: JsonBytes,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  if (start + 4 > end) return false;
  let voipAt = -1;
  json.piece(`"xr":{"ssrc":${uint32(bytes, start)},"blocks":[`);
  let isFirst = true;
  for (let at = start + 4; at < end;) {
    const body = at + 4;
    const next = body + 4 * uint16(bytes, at + 2);
    if (body > end || next > end) return false;
    const type = bytes[at] ?? 0;
    if (type === Block.VoipMetrics) {
      if (next - body !== FIELDS[Block.VoipMetrics]?.length) return false;
      voipAt = body;
    } else {
      if (!isFirst) json.piece(',');
      isFirst = false;
      if (!writeBlock(json, type, bytes, body, next)) return false;
    }
    at = next;
  }
  json.piece(']},');
  if (voipAt !== -1) {
    json.piece(`"report_blocks_xr":{"type":${Block.VoipMetrics}`);
    writeFields(json, Block.VoipMetrics, bytes, voipAt);
    json.piece('},');
  }
  return true;
}

function writeBlock(
  json: JsonBytes,
  type: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  json.piece(`{"type":${type}`);
  const known = FIELDS[type];
  if (known) {
    if (end - at !== known.length) return false;
    writeFields(json, type, bytes, at);
  } else if (type === Block.Dlrr) {
    if ((end - at) % DLRR_BYTES !== 0) return false;
    json.piece(',"reports":[');
    for (let report = at; report < end; report += DLRR_BYTES) {
      const [ssrc, lrr, dlrr] = [0, 4, 8].map((offset) => uint32(bytes, report + offset));
      json.piece(`${report > at ? ',' : ''}{"source_ssrc":${ssrc},"lrr":${lrr},"dlrr":${dlrr}}`);
    }
    json.piece(']');
  } else if (type >= Block.LossRle && type <= Block.ReceiptTimes) {
    if (end - at < 8) return false;
    json.piece(`,"source_ssrc":${uint32(bytes, at)}`);
    json.piece(`,"begin_seq":${uint16(bytes, at + 4)},"end_seq":${uint16(bytes, at + 6)}`);
  }
  json.piece('}');
  return true;
}

function writeFields(json: JsonBytes, block: number, bytes: Buffer, at: number): void {
  for (const [name, offset, size] of FIELDS[block]?.fields ?? []) {
    json.piece(`,"${name}":`);
    json.number(valueAt(bytes, at + offset, size));
  }
}

function valueAt(bytes: Buffer, at: number, size: Field[2]): number {
  const byte = bytes[at] ?? 0;
  switch (size) {
    case 1:
      return byte;
    case 'signed':
      return (byte << 24) >> 24;
    case 2:
      return uint16(bytes, at);
    case 4:
      return uint32(bytes, at);
  }
}
