import { uint8 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';

const FIN = 0x01;

/** What is left of the content of a TCP segment: moved from segment to segment. */
export class Segment {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Sequence number of the byte at `at`, as a signed 32-bit number. */
  sequence = 0;
  /** Bytes behind it that were on the wire, and were not captured. */
  uncaptured = 0;
  isLast = false;
  /** None of its bytes was new. */
  isRepeated = false;

  read(cursor: PacketCursor, sequence: number): void {
    const { bytes, at, end, wireEnd } = cursor;
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.sequence = sequence | 0;
    this.uncaptured = wireEnd > end ? wireEnd - end : 0;
    this.isLast = (cursor.tcpFlags & FIN) !== 0;
    this.isRepeated = end > at;
  }

  get length(): number {
    return this.end - this.at;
  }

  skip(count: number): void {
    this.at += count;
    this.sequence = (this.sequence + count) | 0;
  }

  /** Whether it may be a keep-alive, whose one byte is none of the stream's. */
  get mayBeKeepAlive(): boolean {
    return this.length === 1 && uint8(this.bytes, this.at) === 0;
  }
}
