import {
  CAPTURED_LENGTH_OFFSET,
  RECORD_HEADER_BYTES,
  recordLength,
  readUint32,
  writeUint32,
} from '../packet/record.js';

/** No frame that Kafka could carry is longer; a greater length in a file's record is damage. */
export const MAX_FRAME_BYTES = 128 * 1024 * 1024;

export interface WholeRecords {
  /** Bytes at the beginning of the input that are whole records. */
  readonly byteLength: number;
  readonly count: number;
  /** The largest captured length among them; a file's header may promise less. */
  readonly longest: number;
  /** Bytes that the record after them takes, as far as can be told. */
  readonly nextBytes: number;
  /** What is wrong with the record after them: nothing after it can be read. */
  readonly problem?: string;
}

/**
 * Finds the whole records at the beginning of a piece of a pcap file and puts their headers into this machine's
 * byte order, in place.
 */
export function takeWholeRecords(bytes: Buffer, swapped: boolean): WholeRecords {
  let at = 0;
  let count = 0;
  let longest = 0;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const captured = swapped
      ? swap32(readUint32(bytes, at + CAPTURED_LENGTH_OFFSET))
      : readUint32(bytes, at + CAPTURED_LENGTH_OFFSET);
    if (captured > MAX_FRAME_BYTES)
      return {
        byteLength: at,
        count,
        longest,
        nextBytes: RECORD_HEADER_BYTES,
        problem: `a record claims to hold ${captured} bytes`,
      };
    const end = at + RECORD_HEADER_BYTES + captured;
    if (end > bytes.length) return { byteLength: at, count, longest, nextBytes: end - at };
    if (swapped) swapHeader(bytes, at);
    at = end;
    count++;
    if (captured > longest) longest = captured;
  }
  return { byteLength: at, count, longest, nextBytes: RECORD_HEADER_BYTES };
}

/** Cuts the frames of whole records to `snapLength` bytes, in place; the bytes that remain, and how many it has cut. */
export function cutFrames(records: Buffer, snapLength: number): { bytes: Buffer; cut: number } {
  let end = 0;
  let cut = 0;
  for (let at = 0; at < records.length;) {
    const length = recordLength(records, at);
    const captured = Math.min(length - RECORD_HEADER_BYTES, snapLength);
    if (captured < length - RECORD_HEADER_BYTES) cut++;
    writeUint32(records, captured, at + CAPTURED_LENGTH_OFFSET);
    records.copyWithin(end, at, at + RECORD_HEADER_BYTES + captured);
    end += RECORD_HEADER_BYTES + captured;
    at += length;
  }
  return { bytes: records.subarray(0, end), cut };
}

function swapHeader(bytes: Buffer, at: number): void {
  bytes.subarray(at, at + RECORD_HEADER_BYTES).swap32();
}

function swap32(value: number): number {
  return (
    (((value & 0xff) << 24) |
      ((value & 0xff00) << 8) |
      ((value >>> 8) & 0xff00) |
      (value >>> 24)) >>>
    0
  );
}
