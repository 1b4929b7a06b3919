import type { TopicReport } from './topic-report.js';

/** A packet of 64 KB, or a pack of --pack's size, with its headers. */
const LONG_MESSAGE_BYTES = 64 * 1024 + 1024;
const MS_PER_S = 1000;

/** What is to be said of a topic that is to hold packets; the most serious first. */
export function warningsOf(
  report: Omit<TopicReport, 'warnings'>,
  asked: {
    /** Why the settings are not known. */
    readonly problem: string | undefined;
    readonly keepMs: number | undefined;
    readonly nowMs: number;
  },
): string[] {
  return [
    ...ofLeaders(report),
    ...ofCompaction(report),
    ...ofRetention(report, asked),
    ...ofLength(report),
    ...ofTimestamps(report),
    ...ofTheSample(report),
    ...(asked.problem === undefined
      ? []
      : [`the topic's settings are not known: ${asked.problem}`]),
  ];
}

function ofLeaders({ partitions }: Pick<TopicReport, 'partitions'>): string[] {
  const ids = partitions.filter(({ leader }) => leader === null).map(({ id }) => id);
  if (ids.length === 0) return [];
  return [
    `${ids.length === 1 ? 'partition' : 'partitions'} ${shortList(ids)} without a leader: nothing can be read there or sent there, and its messages are not counted`,
  ];
}

function ofCompaction({ settings }: Pick<TopicReport, 'settings'>): string[] {
  if (settings.cleanupPolicy?.includes('compact') !== true) return [];
  return [
    `cleanup.policy=${settings.cleanupPolicy}: Kafka keeps only the last message of each key, so packets of one microsecond are deleted, and fewer messages may be there than the offsets say`,
  ];
}

function ofRetention(
  { settings, sample, partitions, estimatedBytes }: Omit<TopicReport, 'warnings'>,
  { keepMs, nowMs }: { readonly keepMs: number | undefined; readonly nowMs: number },
): string[] {
  const { retentionMs, retentionBytes, cleanupPolicy, timestampType } = settings;
  if (retentionMs === null || cleanupPolicy?.includes('delete') === false) return [];
  const warnings: string[] = [];
  const isLimited = retentionMs >= 0;
  if (keepMs !== undefined && isLimited && retentionMs < keepMs)
    warnings.push(
      `retention.ms=${retentionMs} is shorter than the ${keepMs / MS_PER_S} s of --keep: Kafka deletes packets before that`,
    );
  const { first, last } = sample;
  if (retentionBytes !== null && retentionBytes >= 0 && keepMs !== undefined) {
    const spanMs = first !== undefined && last !== undefined ? (last - first) / 1000 : 0;
    const neededBytes = spanMs > 0 ? ((estimatedBytes ?? 0) / spanMs) * keepMs : 0;
    if (neededBytes > retentionBytes * partitions.length)
      warnings.push(
        `retention.bytes=${retentionBytes} for each partition is less than --keep needs at this rate: about ${Math.ceil(neededBytes / partitions.length)}`,
      );
  }
  const isOld = first !== undefined && first / 1000 < nowMs - retentionMs;
  if (isLimited && isOld && timestampType === 'CreateTime')
    warnings.push(
      "the first packets are older than retention.ms: if their messages have the packets' times (--kafka-timestamp packet), Kafka may delete them at any moment",
    );
  return warnings;
}

function ofLength({ settings }: Pick<TopicReport, 'settings'>): string[] {
  const { maxMessageBytes } = settings;
  if (maxMessageBytes === null || maxMessageBytes >= LONG_MESSAGE_BYTES) return [];
  return [
    `max.message.bytes=${maxMessageBytes}: brokers refuse longer packets; packets of up to 64 KB take ${LONG_MESSAGE_BYTES}`,
  ];
}

function ofTimestamps({ settings }: Pick<TopicReport, 'settings'>): string[] {
  if (settings.timestampType !== 'LogAppendTime') return [];
  return [
    "message.timestamp.type=LogAppendTime: Kafka's times are those of arrival, so --from and --to find packets that arrived late (of files, of spools) only with a long --slack",
  ];
}

function ofTheSample({ sample, messages }: Omit<TopicReport, 'warnings'>): string[] {
  const warnings: string[] = [];
  if (sample.problem !== undefined) warnings.push(`the sample is incomplete: ${sample.problem}`);
  else if (sample.messages === 0 && messages > 0)
    warnings.push('none of the messages that were looked for is still there');
  if (sample.timesFromKafka > 0)
    warnings.push(
      `${sample.timesFromKafka} of ${sample.messages} messages have no packet's time for a key: were they sent by kcap or pycapa?`,
    );
  return warnings;
}

/** A few of them, and how many more there are. */
function shortList(ids: readonly number[]): string {
  const shown = ids.slice(0, 10).join(', ');
  return ids.length > 10 ? `${shown} and ${ids.length - 10} others` : shown;
}
