import { LONG_BATCH_BYTES, PLAIN_BATCH_BYTES } from '../capture/live-capture.js';
import type { PacketTextOptions } from '../decode/text/packet-text.js';
import type { ByteOutput } from '../files/byte-output.js';
import type { TopicStart } from '../kafka/renewed-producer.js';
import { slownessOf } from '../kafka/request-bounds.js';
import { Branch } from '../pipeline/branch.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import { DeliveryWatch } from '../watchdogs/delivery-watch.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { Autostop, type AutostopConditions } from './autostop.js';
import { captureSize } from './capture-file.js';
import { openPackets, type CapturingOptions } from './capturing.js';
import { openCopy, refuseSeveralLinkTypes, type CopyOptions } from './local-copy.js';
import type { OpeningParts } from './opening-parts.js';
import { limitStages } from './packet-selection.js';
import { openPrinting } from './printing.js';
import { openTopicSink, type SendingOptions } from './sending.js';

/** What a producer does: packets of interfaces or of files to a topic. */
export interface ProducingOptions extends CapturingOptions, SendingOptions {
  /** 0 for no limit. */
  readonly maxPackets: number;
  readonly autostop: AutostopConditions;
  /** Where what is sent is written as well. */
  readonly copy: CopyOptions | undefined;
  /** How what is sent is printed as lines as well; undefined where it is not. */
  readonly print: PacketTextOptions | undefined;
}

export interface Producing {
  readonly run: PacketRun;
  readonly watchdogs: readonly Watchdog[];
  readonly autostop: Autostop;
  /** To be said once it has begun. */
  readonly started: string;
}

/**
 * Opens all that it takes, in the scope.
 *
 * @param parts.start what is known of the topic
 * @param parts.onCaptureOpen called once all that takes root is open, and no packet has been touched
 */
export async function openProducing(
  options: ProducingOptions,
  scope: Scope,
  parts: OpeningParts & { readonly start: TopicStart; readonly onCaptureOpen?: () => void },
): Promise<Producing> {
  const { start, stop, log } = parts;
  const { copy } = options;
  const longBatch = options.pack ? LONG_BATCH_BYTES : PLAIN_BATCH_BYTES;
  const batchBytes = options.print ? undefined : longBatch;
  const { source, stages, watchdogs, linkTypes } = await openPackets(
    { ...options, batchBytes },
    scope,
    log,
  );
  if (copy) refuseSeveralLinkTypes(copy, linkTypes);
  const lines = options.prettyEvery > 0 ? openLines(parts, scope) : undefined;
  parts.onCaptureOpen?.();
  const sourceWaits = 'files' in options.from;
  const sink = await openTopicSink({ ...options, sourceWaits }, { start, lines, scope, log });
  const end = new Branch({
    ...{ name: options.topic, sink },
    // The run is for the topic: its other ends don't go on without it.
    onFailure: () => {
      stop.request();
    },
  });
  // Files wait for the lines' reader; interfaces don't.
  const slowLines = sourceWaits ? 'wait' : 'drop';
  const printed = options.print ? [openPrinting(options.print, parts, scope, slowLines)] : [];
  // Last of all: it may empty a file.
  const copies = copy ? [await openCopy(copy, scope, log)] : [];
  const size = copy && captureSize(copy, undefined);
  const autostop = new Autostop(options.autostop, { size, stop, log });
  const how = sourceWaits ? 'reading' : 'capturing on';
  const roundTripMs = 'roundTripMs' in start ? start.roundTripMs : 0;
  const slowness = slownessOf(options.properties, roundTripMs, options.pack !== undefined);
  return {
    run: new PacketRun(
      source,
      [...stages, ...limitStages(options), ...autostop.stages],
      [end, ...copies, ...printed],
    ),
    autostop,
    watchdogs: [new DeliveryWatch(log, slowness), ...watchdogs],
    started: `${how} ${source.name}, sending to topic ${options.topic}`,
  };
}

function openLines(
  { openOutput, stop }: Pick<OpeningParts, 'openOutput' | 'stop'>,
  scope: Scope,
): ByteOutput {
  const output = scope.own(openOutput());
  // Nobody reads the lines any more: that ends the run, as `tcpdump | head` ends tcpdump.
  output.onReaderLeft(() => {
    stop.request();
  });
  return output;
}
