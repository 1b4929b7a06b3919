import type { NativeConsumer } from '../addon/consumer.js';
import type { PartitionOffset } from '../packet/packet-batch.js';
import type { PartitionRange } from './batch-consumer.js';

/** How far the reading of a topic is, from what librdkafka knows anyway: it asks the brokers for nothing. */
export class TopicReach {
  readonly #ranges: readonly PartitionRange[];
  /** The first offset of each partition that has not been read. */
  readonly #next = new Map<number, number>();

  /** @param ranges of the partitions that are read; none where a group decides on them */
  constructor(ranges: readonly PartitionRange[]) {
    this.#ranges = ranges;
    for (const { partition, start } of ranges) if (start >= 0) this.#next.set(partition, start);
  }

  readUpTo(offsets: readonly PartitionOffset[]): void {
    for (const { partition, offset } of offsets) this.#next.set(partition, offset);
  }

  /** The share that has been read of what is to be read, 0 to 1; undefined where the reading has no end. */
  share(): number | undefined {
    let [read, all] = [0, 0];
    for (const { partition, start, end } of this.#ranges) {
      const next = this.#next.get(partition);
      if (end === undefined || next === undefined || start < 0) return undefined;
      read += Math.min(next, end) - start;
      all += end - start;
    }
    return all === 0 ? undefined : read / all;
  }

  /** Messages between what has been read and the ends of the partitions, as far as they are known. */
  lag(client: Pick<NativeConsumer, 'highWatermarks'>): number | undefined {
    const partitions = [...this.#next.keys()];
    const highs = client.highWatermarks(partitions);
    let lag: number | undefined;
    for (const [index, partition] of partitions.entries()) {
      const high = highs[index] ?? -1;
      if (high >= 0) lag = (lag ?? 0) + Math.max(high - (this.#next.get(partition) ?? high), 0);
    }
    return lag;
  }
}
