import type { Logger } from 'pino';
import {
  BatchConsumer,
  OFFSET_BEGINNING,
  type KeyUnit,
  type PartitionRange,
  type ValueKind,
} from '../kafka/batch-consumer.js';
import { Cluster } from '../kafka/cluster.js';
import type { Properties } from '../kafka/properties.js';
import { startOffset, uncommittedStart, type ReadStart } from '../kafka/read-start.js';
import { consumerProperties } from '../kafka/settings.js';
import { ETHERNET } from '../packet/packet-batch.js';
import type { Microseconds } from '../packet/timestamp.js';
import { TopicSource } from '../sources/topic.js';

/** What is read of a topic of packets. */
export interface ReadingOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
  readonly start: ReadStart;
  /** Packets of this time and later ones. */
  readonly from: Microseconds | undefined;
  /** Packets before this time. */
  readonly to: Microseconds | undefined;
  /** How far beyond `from` and `to` packets are looked for; undefined for all that there is. */
  readonly slackMs: number | undefined;
  /** The read ends at what is the end of the topic when it begins. */
  readonly endsAtWatermarks: boolean;
  readonly inTimeOrder: boolean;
  readonly keyUnit: KeyUnit;
  readonly values: ValueKind;
  readonly group: string | undefined;
  /** LINKTYPE_ number of packets that carry none. */
  readonly linkType: number | undefined;
  /** Whether the names of interfaces and hosts are needed. */
  readonly tellsNames?: boolean;
  /** Bytes of a batch at most; undefined for the usual. */
  readonly batchBytes?: number | undefined;
}

/** What is to be read of each partition, as the cluster has it now. */
export async function findRanges(options: ReadingOptions, log: Logger): Promise<PartitionRange[]> {
  const { topic, properties, group, start, endsAtWatermarks } = options;
  const facts = { role: 'consumer', properties, topic, group } as const;
  const { watermarks, atTime } = await Cluster.ask(facts, log, async (cluster, partitions) => ({
    watermarks: await cluster.watermarks(partitions),
    atTime:
      start.kind === 'time' || start.kind === 'before'
        ? await cluster.offsetsForTime(partitions, start.timeMs)
        : undefined,
  }));
  return watermarks.map((marks) => {
    const { partition, low, high } = marks;
    const at = atTime?.get(partition);
    const first =
      start.kind === 'stored' ? uncommittedStart(properties, marks) : startOffset(start, marks, at);
    return {
      partition,
      start: first,
      end: endsAtWatermarks ? high : undefined,
      // What is read from its beginning leaves nothing out.
      timeStart: start.kind === 'before' && first > low ? (at ?? high) : undefined,
    };
  });
}

/** Opens the topic's partitions as one source. */
export function openTopicSource(
  options: ReadingOptions,
  partitions: readonly PartitionRange[],
  log: Logger,
): TopicSource {
  const { topic, start, group, keyUnit, from, to, slackMs } = options;
  const inTimeOrder = options.inTimeOrder && partitions.length > 1;
  const consumer = new BatchConsumer(
    {
      properties: consumerProperties(options.properties, {
        group,
        partitions: partitions.length,
        tellsEnds: options.endsAtWatermarks || to !== undefined || inTimeOrder,
      }),
      topic,
      shared: group !== undefined,
      overridesCommitted: start.kind !== 'stored',
      partitions,
      otherStart: OFFSET_BEGINNING,
      linkType: options.linkType ?? ETHERNET,
      keyUnit,
      values: options.values,
      inTimeOrder,
      tellsNames: options.tellsNames === true,
      batchBytes: options.batchBytes,
      window:
        from === undefined && to === undefined
          ? undefined
          : { from, to, slackUs: slackMs === undefined ? undefined : slackMs * 1000 },
    },
    log,
  );
  return new TopicSource(topic, consumer);
}
