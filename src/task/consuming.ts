import { openFile } from '../files/byte-output.js';
import { LONG_READ_BYTES, type PartitionRange } from '../kafka/batch-consumer.js';
import type { PacketTextOptions } from '../decode/text/packet-text.js';
import { Branch } from '../pipeline/branch.js';
import type { Sink } from '../pipeline/contracts.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import { PrettySink } from '../sinks/pretty.js';
import type { TopicSource } from '../sources/topic.js';
import { Autostop, type AutostopConditions } from './autostop.js';
import { captureSink, captureSize, openRing, type CaptureFileOptions } from './capture-file.js';
import type { OpeningParts } from './opening-parts.js';
import { filterStages, limitStages, timeStages } from './packet-selection.js';
import { openPrinting } from './printing.js';
import { openTopicSource, type ReadingOptions } from './reading.js';

/** What a consumer does: packets of a topic to a capture file or stream. */
export interface ConsumingOptions extends ReadingOptions, CaptureFileOptions {
  /** LINKTYPE_ number of packets that carry none, and of the file, where it is known before the first one. */
  readonly linkType: number | undefined;
  /** 0 for no limit. */
  readonly maxPackets: number;
  /** Every how many packets a line is printed; 0 for none. */
  readonly prettyEvery: number;
  /** How packets are printed as lines; undefined where they are not. */
  readonly print: PacketTextOptions | undefined;
  /** pcap-filter expression; empty for all packets. */
  readonly filter: string;
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
  parts: OpeningParts & { readonly ranges: readonly PartitionRange[] },
): Promise<Consuming> {
  const { ranges, log } = parts;
  const source = scope.own(
    openTopicSource(
      {
        ...options,
        tellsNames: options.fileFormat === 'pcapng',
        batchBytes: readsLongBatches(options) ? LONG_READ_BYTES : undefined,
      },
      ranges,
      log,
    ),
  );
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

/** What a group has not acknowledged comes again after a kill: up to two batches. */
function readsLongBatches({ group, print, prettyEvery }: ConsumingOptions): boolean {
  return group === undefined && print === undefined && prettyEvery === 0;
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
  { openOutput, stop, log }: OpeningParts,
  scope: Scope,
): Promise<Sink> {
  const { file, ring, linkType, prettyEvery, topic } = options;
  if (file !== undefined && ring) return scope.own(await openRing(file, { ...options, ring }, log));
  const output = scope.own(file === undefined ? openOutput() : await openFile(file, stop.giveUp));
  output.onReaderLeft(() => {
    stop.request();
  });
  stop.waitWhileGrowing(() => output.bytesTaken ?? 0);
  if (prettyEvery > 0) return new PrettySink(output, topic, prettyEvery);
  const sink = captureSink(options, output);
  if (linkType !== undefined) await sink.begin(stop.giveUp, { linkType });
  return sink;
}
