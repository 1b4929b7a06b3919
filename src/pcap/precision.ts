import { FRACTION_OFFSET, readUint32, recordLength, writeUint32 } from '../packet/record.js';
import type { Precision } from '../packet/packet-batch.js';

/** Rewrites the fractions of whole records to another precision, in place; nanoseconds are rounded down. */
export function convertPrecision(records: Buffer, from: Precision, to: Precision): void {
  if (from === to) return;
  for (let at = 0; at < records.length; at += recordLength(records, at)) {
    const fraction = readUint32(records, at + FRACTION_OFFSET);
    writeUint32(
      records,
      to === 'nano' ? fraction * 1000 : Math.floor(fraction / 1000),
      at + FRACTION_OFFSET,
    );
  }
}
