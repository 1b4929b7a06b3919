import type { Logger } from 'pino';
import { parseLinkType } from '../capture/link-type.js';
import {
  BatchConsumer,
  OFFSET_BEGINNING,
  OFFSET_STORED,
  type PartitionRange,
} from '../kafka/batch-consumer.js';
import { Cluster, type Watermarks } from '../kafka/cluster.js';
import { consumerProperties, controlProperties } from '../kafka/settings.js';
import { ETHERNET } from '../packet/packet-batch.js';
import { usageError, type ExitStatus } from '../packet/user-error.js';
import type { Sink } from '../pipeline/contracts.js';
import { PacketRun } from '../pipeline/packet-run.js';
import { Stop } from '../pipeline/stop.js';
import { openFile, openStandardOutput, type ByteOutput } from '../sinks/byte-output.js';
import { PcapSink } from '../sinks/pcap.js';
import { PrettySink } from '../sinks/pretty.js';
import { TopicSource } from '../sources/topic.js';
import {
  filterStages,
  limitStages,
  parseBothModes,
  type BothModes,
  type BridgeArguments,
} from './both-modes.js';
import { superviseRun } from './supervised-run.js';
import { parseChoice } from './values.js';

/** How long a reader that takes nothing may delay the end. What it does not get stays in Kafka. */
const STALLED_READER_MS = 500;

interface ConsumeOptions extends BothModes {
  readonly begin: 'begin' | 'end' | 'stored';
  readonly exitAtEnd: boolean;
  readonly group: string | undefined;
  readonly file: string | undefined;
  readonly linkType: number | undefined;
}

/** `kcap --consumer`: packets of a topic to a pcap stream. */
export async function consume(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const options = parse(args);
  const { topic, properties } = options;
  const stop = new Stop(STALLED_READER_MS);
  const { cluster, partitions } = await Cluster.connect(
    'consumer',
    controlProperties(properties),
    topic,
    log,
  );
  const watermarks = await cluster.watermarks(topic, partitions);
  await cluster.close();

  const sink = await openSink(options, stop);
  const source = openSource(options, watermarks, log);
  const run = new PacketRun(source, [...filterStages(options), ...limitStages(options)], sink);
  const started = `reading topic ${topic} (${partitions.length} partition(s))`;
  return superviseRun(run, stop, { started, log, ...options });
}

function parse(args: BridgeArguments): ConsumeOptions {
  const both = parseBothModes(args);
  const begin = parseChoice('-o', args['kafka-offset'] ?? 'end', ['begin', 'end', 'stored']);
  const group = args.group ?? both.properties.get('group.id');
  if (begin === 'stored' && group === undefined)
    throw usageError(
      '-o stored',
      'offsets are stored for a group',
      'name it with -g, for example -g team-a',
    );
  const options: ConsumeOptions = {
    ...both,
    begin,
    exitAtEnd: args.exit === true,
    group,
    file: args.write,
    linkType: args.linktype === undefined ? undefined : parseLinkType(args.linktype),
  };
  if (options.file !== undefined && options.prettyEvery > 0)
    throw usageError('-w and -pp', 'either packets or lines', 'give only one of the two');
  if (process.stdout.isTTY && options.file === undefined && options.prettyEvery === 0)
    throw usageError(
      'standard output',
      'it is a terminal, and packets are binary',
      [
        'ways to get the packets:',
        '  kcap --consumer … | tshark -i -      to look at them',
        '  kcap --consumer … > out.pcap         to keep them (or -w out.pcap)',
        '  kcap --consumer … -pp 1              a line for each',
      ].join('\n'),
    );
  return options;
}

function openSource(
  options: ConsumeOptions,
  watermarks: readonly Watermarks[],
  log: Logger,
): TopicSource {
  const { topic, begin, group, exitAtEnd } = options;
  const consumer = new BatchConsumer(
    {
      properties: consumerProperties(options.properties, {
        group,
        partitions: watermarks.length,
        readsToEnd: exitAtEnd,
      }),
      topic,
      shared: group !== undefined,
      partitions: watermarks.map((marks) => rangeOf(marks, options)),
      otherStart: begin === 'stored' ? OFFSET_STORED : OFFSET_BEGINNING,
      linkType: options.linkType ?? ETHERNET,
    },
    log,
  );
  return new TopicSource(topic, consumer);
}

function rangeOf({ partition, low, high }: Watermarks, options: ConsumeOptions): PartitionRange {
  const starts = { begin: low, end: high, stored: OFFSET_STORED };
  return {
    partition,
    start: starts[options.begin],
    end: options.exitAtEnd ? high : undefined,
  };
}

async function openSink(options: ConsumeOptions, stop: Stop): Promise<Sink> {
  const output = await openOutput(options, stop);
  output.onReaderLeft(() => {
    stop.request();
  });
  if (options.prettyEvery > 0) return new PrettySink(output, options.topic, options.prettyEvery);
  const sink = new PcapSink(output);
  if (options.linkType !== undefined) await sink.begin(options.linkType, stop.giveUp);
  return sink;
}

async function openOutput({ file }: ConsumeOptions, stop: Stop): Promise<ByteOutput> {
  return file === undefined ? openStandardOutput() : openFile(file, stop.giveUp);
}
