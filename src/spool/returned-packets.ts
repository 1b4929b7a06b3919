import type { ReturnedBatch } from '../kafka/batch-producer.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { recordLength } from '../packet/record.js';
import { keyOf } from './segment.js';

/** A batch for each link, their packets in the order in which they came, in parts of at most so many batches. */
export function packByLink(
  returned: readonly PacketBatch[],
  mostBatches: number,
): readonly (readonly PacketBatch[])[] {
  const byLink = new Map<string, PacketBatch[]>();
  const parts: PacketBatch[][] = [];
  const endPart = () => {
    if (byLink.size > 0) parts.push([...byLink.values()].map(joined));
    byLink.clear();
  };
  for (const batch of returned) {
    const key = keyOf(batch.link);
    const known = byLink.get(key);
    if (known) {
      known.push(batch);
      continue;
    }
    if (byLink.size === mostBatches) endPart();
    byLink.set(key, [batch]);
  }
  endPart();
  return parts;
}

/** Those of the packets whose messages have numbers that are wanted. */
export function onlyMessages(
  returned: readonly ReturnedBatch[],
  isWanted: (number: number) => boolean,
): ReturnedBatch[] {
  return returned.flatMap((batch) => {
    const wanted = batch.numbers.filter(isWanted);
    if (wanted.length === batch.count) return [batch];
    const records: Buffer[] = [];
    let at = 0;
    for (const number of batch.numbers) {
      const end = at + recordLength(batch.bytes, at);
      if (isWanted(number)) records.push(batch.bytes.subarray(at, end));
      at = end;
    }
    return wanted.length === 0
      ? []
      : [{ ...batch, bytes: Buffer.concat(records), count: wanted.length, numbers: wanted }];
  });
}

function joined(batches: readonly PacketBatch[]): PacketBatch {
  const [first, ...others] = batches;
  if (!first) throw new RangeError('no packets');
  if (others.length === 0) return first;
  return {
    bytes: Buffer.concat(batches.map(({ bytes }) => bytes)),
    count: batches.reduce((sum, { count }) => sum + count, 0),
    link: first.link,
  };
}
