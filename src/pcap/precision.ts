import { FRACTION_OFFSET, readUint32, recordLength, writeUint32 } from '../packet/record.js';
import type { Precision } from '../packet/packet-batch.js';

/** Parts of a second that a fraction of this precision counts. */
const PARTS: Readonly<Record<Precision, number>> = { micro: 1_000_000, nano: 1_000_000_000 };

/**
 * Rewrites the fractions of whole records to another precision, in place; nanoseconds are rounded down. A fraction of
 * more than a second, as damaged files have it, is carried over to the seconds. The number of records whose time is
 * less exact now.
 */
export function convertPrecision(records: Buffer, from: Precision, to: Precision): number {
  let rounded = 0;
  if (from === to) return rounded;
  for (let at = 0; at < records.length; at += recordLength(records, at)) {
    const fraction = readUint32(records, at + FRACTION_OFFSET);
    const seconds = Math.floor(fraction / PARTS[from]);
    if (seconds > 0) writeUint32(records, (readUint32(records, at) + seconds) >>> 0, at);
    const rest = fraction % PARTS[from];
    if (to === 'micro' && rest % 1000 !== 0) rounded++;
    writeUint32(
      records,
      to === 'nano' ? rest * 1000 : Math.floor(rest / 1000),
      at + FRACTION_OFFSET,
    );
  }
  return rounded;
}
