import type { JsonBytes } from '../json-bytes.js';
import { uint16, uint24, uint32 } from '../network-order.js';
import { isRtcp } from './rtp-header.js';
import { writeExtendedReports } from './rtcp-xr.js';

/** Types of packets (RFC 3550, section 12.1; RFC 3611, section 6.2). */
export const RtcpType = {
  SenderReport: 200,
  ReceiverReport: 201,
  SourceDescription: 202,
  Bye: 203,
  Application: 204,
  ExtendedReport: 207,
} as const;

const HEADER_BYTES = 4;
const SENDER_INFO_BYTES = 20;
const REPORT_BLOCK_BYTES = 24;

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const COMMA = Buffer.from(',');
const OPEN_LIST = Buffer.from('[');
const CLOSE_LIST = Buffer.from(']');

/**
 * Writes the reports of a compound RTCP packet as one JSON object, with the names that captagent and HOMER use:
 * `sender_information`, `ssrc`, `type`, `report_count`, `report_blocks`, `sdes_ssrc`, `sdes_report_count`,
 * `sdes_information`, `report_blocks_xr`; beside them `bye`, `app` and `xr`. Of several packets of a
 * kind the first one counts, so that no name is there twice.
 *
 * @returns the SSRC of the first packet's sender; -1 where the bytes are no RTCP, or lead out of the datagram: then what
 * has been written means nothing
 */
export function writeRtcp(json: JsonBytes, bytes: Buffer, start: number, end: number): number {
  const begin = json.length;
  if (!isRtcp(bytes, start, end)) return -1;
  const packets = new Map<number, number>();
  for (let at = start; at < end; at = packetEnd(bytes, at)) {
    if (!isRtcp(bytes, at, end) || packetEnd(bytes, at) > end) return -1;
    const type = bytes[at + 1] ?? 0;
    if (!packets.has(type)) packets.set(type, at);
  }
  // Both are reports of one sender: the second one only goes on.
  if (packets.has(RtcpType.SenderReport)) packets.delete(RtcpType.ReceiverReport);

  json.raw(OPEN);
  for (const [type, at] of packets)
    if (!writePacket(json, type, bytes, at, unpaddedEnd(bytes, at))) {
      json.length = begin;
      return -1;
    }
  if (json.length > begin + OPEN.length) json.dropLast();
  json.raw(CLOSE);
  return end - start >= 8 ? uint32(bytes, start + 4) : 0;
}

function packetEnd(bytes: Buffer, at: number): number {
  return at + HEADER_BYTES + 4 * uint16(bytes, at + 2);
}

function unpaddedEnd(bytes: Buffer, at: number): number {
  const end = packetEnd(bytes, at);
  const hasPadding = ((bytes[at] ?? 0) & 0x20) !== 0;
  return hasPadding ? Math.max(at + HEADER_BYTES, end - (bytes[end - 1] ?? 0)) : end;
}

/** Writes members, each with a comma after it; false where the packet is too short for what it says. */
function writePacket(
  json: JsonBytes,
  type: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  const count = (bytes[at] ?? 0) & 0x1f;
  const body = at + HEADER_BYTES;
  switch (type) {
    case RtcpType.SenderReport:
    case RtcpType.ReceiverReport:
      return writeReport(json, type, count, bytes, body, end);
    case RtcpType.SourceDescription:
      return writeSourceDescription(json, count, bytes, body, end);
    case RtcpType.Bye:
      return writeBye(json, count, bytes, body, end);
    case RtcpType.Application:
      return writeApplication(json, count, bytes, body, end);
    case RtcpType.ExtendedReport:
      return writeExtendedReports(json, bytes, body, end);
    default:
      // Feedback, for example (RFC 4585): no report.
      return true;
  }
}

function writeReport(
  json: JsonBytes,
  type: number,
  count: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  const hasSender = type === RtcpType.SenderReport;
  const blocksAt = at + 4 + (hasSender ? SENDER_INFO_BYTES : 0);
  if (blocksAt + count * REPORT_BLOCK_BYTES > end) return false;
  if (hasSender) {
    json.piece('"sender_information":{');
    member(json, 'ntp_timestamp_sec', uint32(bytes, at + 4));
    member(json, 'ntp_timestamp_usec', uint32(bytes, at + 8));
    member(json, 'octets', uint32(bytes, at + 20));
    member(json, 'rtp_timestamp', uint32(bytes, at + 12));
    member(json, 'packets', uint32(bytes, at + 16));
    closeObject(json);
  }
  member(json, 'ssrc', uint32(bytes, at));
  member(json, 'type', type);
  member(json, 'report_count', count);
  json.piece('"report_blocks":');
  json.raw(OPEN_LIST);
  for (let index = 0; index < count; index++)
    writeReportBlock(json, bytes, blocksAt + index * REPORT_BLOCK_BYTES);
  if (count > 0) json.dropLast();
  json.raw(CLOSE_LIST);
  json.raw(COMMA);
  return true;
}

function writeReportBlock(json: JsonBytes, bytes: Buffer, at: number): void {
  json.raw(OPEN);
  member(json, 'source_ssrc', uint32(bytes, at));
  member(json, 'highest_seq_no', uint32(bytes, at + 8));
  member(json, 'fraction_lost', bytes[at + 4] ?? 0);
  member(json, 'ia_jitter', uint32(bytes, at + 12));
  // A number of 24 bits with a sign.
  member(json, 'packets_lost', (uint24(bytes, at + 5) << 8) >> 8);
  member(json, 'lsr', uint32(bytes, at + 16));
  member(json, 'dlsr', uint32(bytes, at + 20));
  closeObject(json);
}

/** Of the first source: its items, each with its type (RFC 3550, section 6.5: 1 is CNAME) and its text. */
function writeSourceDescription(
  json: JsonBytes,
  count: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  if (count === 0) return true;
  if (at + 4 > end) return false;
  member(json, 'sdes_ssrc', uint32(bytes, at));
  member(json, 'sdes_report_count', count);
  json.piece('"sdes_information":');
  json.raw(OPEN_LIST);
  let hasItem = false;
  at += 4;
  while (at < end && bytes[at] !== 0) {
    const textAt = at + 2;
    const textEnd = textAt + (bytes[at + 1] ?? 0);
    if (textAt > end || textEnd > end) return false;
    json.raw(OPEN);
    member(json, 'type', bytes[at] ?? 0);
    json.piece('"text":');
    json.string(bytes, textAt, textEnd);
    json.raw(CLOSE);
    json.raw(COMMA);
    hasItem = true;
    at = textEnd;
  }
  if (hasItem) json.dropLast();
  json.raw(CLOSE_LIST);
  json.raw(COMMA);
  return true;
}

function writeBye(json: JsonBytes, count: number, bytes: Buffer, at: number, end: number): boolean {
  const reasonAt = at + 4 * count;
  if (reasonAt > end) return false;
  json.piece('"bye":{"ssrc":');
  json.raw(OPEN_LIST);
  for (let index = 0; index < count; index++) {
    json.number(uint32(bytes, at + 4 * index));
    json.raw(COMMA);
  }
  if (count > 0) json.dropLast();
  json.raw(CLOSE_LIST);
  if (reasonAt < end) {
    const reasonEnd = reasonAt + 1 + (bytes[reasonAt] ?? 0);
    if (reasonEnd > end) return false;
    json.piece(',"reason":');
    json.string(bytes, reasonAt + 1, reasonEnd);
  }
  json.raw(CLOSE);
  json.raw(COMMA);
  return true;
}

function writeApplication(
  json: JsonBytes,
  subtype: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  if (at + 8 > end) return false;
  json.piece('"app":{');
  member(json, 'ssrc', uint32(bytes, at));
  member(json, 'subtype', subtype);
  json.piece('"name":');
  json.string(bytes, at + 4, at + 8);
  json.piece(',"data":"');
  json.base64(bytes, at + 8, end);
  json.piece('"},');
  return true;
}

/** A member whose value is a number, with a comma after it. */
export function member(json: JsonBytes, name: string, value: number): void {
  json.piece(`"${name}":`);
  json.number(value);
  json.raw(COMMA);
}

/** Closes an object after its last member's comma, and puts a comma after it. */
export function closeObject(json: JsonBytes): void {
  json.dropLast();
  json.raw(CLOSE);
  json.raw(COMMA);
}
