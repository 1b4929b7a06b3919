import type { Logger } from 'pino';
import { BatchConsumer, OFFSET_BEGINNING, type PartitionRange } from '../kafka/batch-consumer.js';
import { Cluster } from '../kafka/cluster.js';
import { consumerProperties } from '../kafka/settings.js';
import { ETHERNET } from '../packet/packet-batch.js';
import type { Microseconds } from '../packet/timestamp.js';
import type { ExitStatus } from '../errors/user-error.js';
import type { Sink, Stage } from '../pipeline/contracts.js';
import { Branch } from '../pipeline/branch.js';
import { PacketRun } from '../pipeline/packet-run.js';
import { Stop } from '../pipeline/stop.js';
import { openFile, openStandardOutput } from '../files/byte-output.js';
import { PcapSink } from '../sinks/pcap.js';
import { PcapngSink } from '../sinks/pcapng.js';
import { PrettySink } from '../sinks/pretty.js';
import { TopicSource } from '../sources/topic.js';
import { TimeRange } from '../stages/time-range.js';
import { filterStages, limitStages, type BridgeArguments } from './both-modes.js';
import { parseConsumeOptions, type ConsumeOptions } from './consume-options.js';
import { startOffset, uncommittedStart } from '../kafka/read-start.js';
import { superviseRun } from '../terminal/supervised-run.js';
import { packageVersion } from './version.js';

/** How long a reader that takes nothing may delay the end. What it does not get stays in Kafka. */
const STALLED_READER_MS = 500;
/** How long packets before --to may still be on their way to the topic. */
const ON_THE_WAY_MS = 1000;

/** `kcap --consumer`: packets of a topic to a capture file or stream. */
export async function consume(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const options = parseConsumeOptions(args, Date.now(), log);
  const stop = new Stop(STALLED_READER_MS);
  const ranges = await findRanges(options, log);

  const source = openSource(options, ranges, log);
  // Last of all: it may empty a file.
  const sink = await openSink(options, stop).catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  const stages = [...timeStages(options), ...filterStages(options), ...limitStages(options)];
  const run = new PacketRun(source, stages, [new Branch({ name: 'output', sink })]);
  const started = `reading topic ${options.topic} (${ranges.length} partition(s))`;
  const timer = options.endsAtWatermarks ? undefined : endAt(options.to, source);
  sayWhatMayCome(options, log);
  return superviseRun(run, stop, { started, log, ...options }).finally(() => {
    clearTimeout(timer);
  });
}

/** What is to be read of each partition, as the cluster has it now. */
async function findRanges(options: ConsumeOptions, log: Logger): Promise<PartitionRange[]> {
  const { topic, properties, group, start, endsAtWatermarks } = options;
  const { cluster, partitions } = await Cluster.connect(
    { role: 'consumer', properties, topic, group },
    log,
  );
  const watermarks = await cluster.watermarks(partitions);
  const atTime =
    start.kind === 'time' || start.kind === 'before'
      ? await cluster.offsetsForTime(partitions, start.timeMs)
      : undefined;
  await cluster.close();
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

function openSource(
  options: ConsumeOptions,
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
      inTimeOrder,
      tellsNames: options.fileFormat === 'pcapng',
      window:
        from === undefined && to === undefined
          ? undefined
          : { from, to, slackUs: slackMs === undefined ? undefined : slackMs * 1000 },
    },
    log,
  );
  return new TopicSource(topic, consumer);
}

function timeStages({ from, to }: ConsumeOptions): Stage[] {
  return from === undefined && to === undefined ? [] : [new TimeRange(from, to)];
}

/** A range that has only just passed may not be complete yet. */
function sayWhatMayCome({ to, slackMs }: ConsumeOptions, log: Logger): void {
  if (to === undefined) return;
  if (slackMs !== undefined && to / 1000 + slackMs > Date.now())
    log.info(
      'packets that reach the topic later are not in it: less than --slack has passed since --to',
    );
}

/** Ends a read up to a time that is still to come, shortly after it, with what there is in the topic then. */
function endAt(time: Microseconds | undefined, source: TopicSource): NodeJS.Timeout | undefined {
  if (time === undefined) return undefined;
  const waitMs = time / 1000 - Date.now() + ON_THE_WAY_MS;
  // The longest time that a timer can be set to, some 24 days, is for ever here.
  return waitMs > 0x7fffffff
    ? undefined
    : setTimeout(
        () => {
          source.endHere();
        },
        Math.max(waitMs, 0),
      );
}

async function openSink(options: ConsumeOptions, stop: Stop): Promise<Sink> {
  const { file, fileFormat, linkType, prettyEvery, topic } = options;
  const output = file === undefined ? openStandardOutput() : await openFile(file, stop.giveUp);
  output.onReaderLeft(() => {
    stop.request();
  });
  if (prettyEvery > 0) return new PrettySink(output, topic, prettyEvery);
  if (fileFormat === 'pcapng') return new PcapngSink(output, `kcap ${packageVersion()}`);
  const precision = fileFormat && ({ pcap: 'micro', nsecpcap: 'nano' } as const)[fileFormat];
  const sink = new PcapSink(output, precision);
  if (linkType !== undefined) await sink.begin(linkType, stop.giveUp);
  return sink;
}
