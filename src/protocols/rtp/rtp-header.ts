import { uint16, uint32 } from '../network-order.js';

const HEADER_BYTES = 12;

/** The header of an RTP packet (RFC 3550, section 5.1). One object reads one after the other. */
export class RtpHeader {
  version = 0;
  hasPadding = false;
  hasExtension = false;
  hasMarker = false;
  /** Of contributing sources. */
  sourceCount = 0;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** [payloadAt, payloadEnd), without the padding. */
  payloadAt = 0;
  payloadEnd = 0;

  /** Reads the packet of a datagram; false where it is no RTP, or its lengths lead out of it. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < HEADER_BYTES || isRtcp(bytes, start, end)) return false;
    const first = bytes[start] ?? 0;
    const second = bytes[start + 1] ?? 0;
    this.version = first >>> 6;
    this.hasPadding = (first & 0x20) !== 0;
    this.hasExtension = (first & 0x10) !== 0;
    this.sourceCount = first & 0x0f;
    this.hasMarker = second >= 0x80;
    this.payloadType = second & 0x7f;
    this.sequence = uint16(bytes, start + 2);
    this.timestamp = uint32(bytes, start + 4);
    this.ssrc = uint32(bytes, start + 8);
    if (this.version !== 2) return false;
    let at = start + HEADER_BYTES + 4 * this.sourceCount;
    if (this.hasExtension) {
      if (at + 4 > end) return false;
      at += 4 + 4 * uint16(bytes, at + 2);
    }
    this.payloadAt = at;
    this.payloadEnd = this.hasPadding ? end - (bytes[end - 1] ?? 0) : end;
    return this.payloadEnd >= at && at <= end;
  }
}

/** Packet types of RTCP, as one port may carry both (RFC 5761, section 4). */
const FIRST_RTCP = 192;
const LAST_RTCP = 223;

/** Whether a datagram begins as RTCP does. */
export function isRtcp(bytes: Buffer, start: number, end: number): boolean {
  const type = bytes[start + 1] ?? 0;
  return (
    end - start >= 4 && (bytes[start] ?? 0) >>> 6 === 2 && type >= FIRST_RTCP && type <= LAST_RTCP
  );
}
