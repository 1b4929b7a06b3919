import type { Logger } from 'pino';
import { openFile, type ByteOutput } from '../files/byte-output.js';
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
import type { PacketTextOptions } from '../decode/text/packet-text.js';
import { Branch } from '../pipeline/branch.js';
import type { Sink } from '../pipeline/contracts.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import type { Stop } from '../pipeline/stop.js';
import { PrettySink } from '../sinks/pretty.js';
import { TopicSource } from '../sources/topic.js';
import { Autostop, type AutostopConditions } from './autostop.js';
import { captureSink, captureSize, openRing, type CaptureFileOptions } from './capture-file.js';
import { filterStages, limitStages, timeStages } from './packet-selection.js';
import { openPrinting } from './printing.js';

/** What a consumer does: packets of a topic to a capture file or stream. */
export interface ConsumingOptions extends CaptureFileOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
  /** 0 for no limit. */
  readonly maxPackets: number;
  /** Every how many packets a line is printed; 0 for none. */
  readonly prettyEvery: number;
  /** How packets are printed as lines; undefined where they are not. */
  readonly print: PacketTextOptions | undefined;
  /** pcap-filter expression; empty for all packets. */
  readonly filter: string;
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
  /** Undefined: standard output. */
  readonly file: string | undefined;
  readonly autostop: AutostopConditions;
}

export interface Consuming {
  readonly run: PacketRun;
  readonly source: TopicSource;
  readonly autostop: Autostop;
  /** To be said once it has begun. */
  readonly started: string;
}

/** Opens all that it takes, in the scope. */
export async function openConsuming(
  options: ConsumingOptions,
  scope: Scope,
  parts: {
    readonly ranges: readonly PartitionRange[];
    /** Where it writes that names no file. */
    readonly openOutput: () => ByteOutput;
    readonly stop: Stop;
    readonly log: Logger;
  },
): Promise<Consuming> {
  const { ranges, log } = parts;
  const source = scope.own(openSource(options, ranges, log));
  // Last of all: it may empty a file.
  const branches = await openBranches(options, parts, scope);
  const size = captureSize(options, options.linkType);
  const autostop = new Autostop(options.autostop, { size, stop: parts.stop, log });
  const stages = [
    ...[...timeStages(options), ...filterStages(options), ...limitStages(options)],
    ...autostop.stages,
  ];
  return {
    run: new PacketRun(source, stages, branches),
    source,
    autostop,
    started: `reading topic ${options.topic} (${ranges.length} partition(s))`,
  };
}

/** What is to be read of each partition, as the cluster has it now. */
export async function findRanges(
  options: ConsumingOptions,
  log: Logger,
): Promise<PartitionRange[]> {
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

function openSource(
  options: ConsumingOptions,
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

/** What is written is what the run is for; lines are printed beside it, or alone. */
async function openBranches(
  options: ConsumingOptions,
  parts: Parameters<typeof openSink>[1],
  scope: Scope,
): Promise<[Branch, ...Branch[]]> {
  const lines = options.print && openPrinting(options.print, parts, scope, 'wait');
  if (lines && options.file === undefined) return [lines];
  // Last of all: it may empty a file.
  const sink = await openSink(options, parts, scope);
  const packets = new Branch({ name: options.file ?? 'output', sink });
  return lines ? [packets, lines] : [packets];
}

async function openSink(
  options: ConsumingOptions,
  {
    openOutput,
    stop,
    log,
  }: { readonly openOutput: () => ByteOutput; readonly stop: Stop; readonly log: Logger },
  scope: Scope,
): Promise<Sink> {
  const { file, ring, linkType, prettyEvery, topic } = options;
  if (file !== undefined && ring) return scope.own(await openRing(file, { ...options, ring }, log));
  const output = scope.own(file === undefined ? openOutput() : await openFile(file, stop.giveUp));
  output.onReaderLeft(() => {
    stop.request();
  });
  if (prettyEvery > 0) return new PrettySink(output, topic, prettyEvery);
  const sink = captureSink(options, output);
  if (linkType !== undefined) await sink.begin(stop.giveUp, { linkType });
  return sink;
}
