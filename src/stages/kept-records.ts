import { POSITION_BYTES, writable, type PacketBatch } from '../packet/packet-batch.js';
import { recordLength } from '../packet/record.js';

/** The packets of a batch that are wanted, moved to the front of its memory. @param isWanted says so of the record at `at` */
export function keepRecords(
  given: PacketBatch,
  isWanted: (bytes: Buffer, at: number) => boolean,
): PacketBatch {
  const batch = writable(given);
  const { bytes, origin } = batch;
  let end = 0;
  let count = 0;
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = recordLength(bytes, at);
    if (isWanted(bytes, at)) {
      if (end < at) bytes.copyWithin(end, at, at + length);
      if (count < index) movePosition(origin?.positions, index, count);
      end += length;
      count++;
    }
    at += length;
  }
  const kept = { ...batch, bytes: bytes.subarray(0, end), count };
  if (!origin) return kept;
  // What was left out has been handled as well: `next` stays.
  const positions = origin.positions.subarray(0, count * POSITION_BYTES);
  return { ...kept, origin: { ...origin, positions } };
}

function movePosition(positions: Buffer | undefined, from: number, to: number): void {
  positions?.copyWithin(to * POSITION_BYTES, from * POSITION_BYTES, (from + 1) * POSITION_BYTES);
}
