import { PLAIN_BATCH_BYTES } from '../capture/live-capture.js';
import type { PartitionRange } from '../kafka/batch-consumer.js';
import type { SipFilter } from '../language/sip-filter.js';
import { Branch } from '../pipeline/branch.js';
import type { Source, Stage } from '../pipeline/contracts.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import type { CallExchange } from '../sinks/call-exchange.js';
import type { ReportedMedia } from '../sinks/media-reader.js';
import { SipMessages } from '../sinks/sip-messages.js';
import { SipReader } from '../sinks/sip-reader.js';
import type { TopicSource } from '../sources/topic.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { Autostop, type AutostopConditions } from './autostop.js';
import { openPackets, type CapturingOptions } from './capturing.js';
import type { OpeningParts } from './opening-parts.js';
import { filterStages, limitStages, timeStages } from './packet-selection.js';
import { openTopicSource, type ReadingOptions } from './reading.js';
import type { ReportTarget } from './report-target.js';
import { openReporters, type ReportingOptions } from './reporting.js';
import type { AskTopic } from './topic-facts.js';

/** Where a sensor's packets come from. */
export type PacketsFrom =
  | { readonly kind: 'capture'; readonly options: CapturingOptions }
  | { readonly kind: 'topic'; readonly options: ReadingOptions & { readonly filter: string } };

/** What a sensor does: the SIP messages in packets to reporters. */
export interface SensingOptions extends Omit<ReportingOptions, 'waits'> {
  readonly packets: PacketsFrom;
  /** 0 for no limit. */
  readonly maxPackets: number;
  readonly autostop: AutostopConditions;
  readonly filters: readonly SipFilter[];
  /** Whether datagrams are put together from their fragments. */
  readonly reassembles: boolean;
  /** The tunnels that are looked into, a bit of `Tunnel` each; all of them if not given. */
  readonly tunnels?: number;
  /** Which media of the calls is reported; none if not given. */
  readonly media?: ReportedMedia;
}

/** Which media is reported where nobody says so: collectors of HEP expect RTCP. */
export function reportedMedia(targets: readonly ReportTarget[]): ReportedMedia {
  return targets.some((target) => target.kind === 'hep' && target.version === 3) ? 'rtcp' : 'none';
}

export interface Sensing {
  readonly run: PacketRun;
  readonly watchdogs: readonly Watchdog[];
  readonly autostop: Autostop;
  /** Where packets come from a topic. */
  readonly topic: TopicSource | undefined;
  readonly reporterNames: readonly string[];
  /** To be said once it has begun. */
  readonly started: string;
}

interface Opened {
  readonly source: Source;
  readonly stages: readonly Stage[];
  readonly watchdogs: readonly Watchdog[];
  readonly topic?: TopicSource;
  readonly how: string;
}

/**
 * Opens all that it takes, in the scope.
 *
 * @param parts.ranges what is to be read of the topic, if packets come from one
 * @param parts.onCaptureOpen called once all that takes root is open, and no packet has been touched
 */
export async function openSensing(
  options: SensingOptions,
  scope: Scope,
  parts: OpeningParts & {
    readonly askTopic?: AskTopic;
    readonly calls?: CallExchange;
    readonly ranges: readonly PartitionRange[];
    readonly onCaptureOpen?: () => void;
  },
): Promise<Sensing> {
  const { stop, log } = parts;
  const { source, stages, watchdogs, topic, how } = await openSource(options.packets, scope, parts);
  parts.onCaptureOpen?.();
  const { packets } = options;
  // Files and topics wait; what comes in live does not.
  const waits = packets.kind === 'topic' || 'files' in packets.options.from;
  const reporters = await openReporters({ ...options, waits }, parts, scope);
  const sink = new SipMessages(new SipReader({ ...options, calls: parts.calls }), reporters);
  const autostop = new Autostop(options.autostop, { size: undefined, stop, log });
  const reporterNames = reporters.map(({ name }) => name);
  return {
    run: new PacketRun(
      source,
      [...stages, ...limitStages(options), ...autostop.stages],
      [new Branch({ name: 'sip', sink })],
    ),
    watchdogs,
    autostop,
    topic,
    reporterNames,
    started: `${how}, reporting SIP to ${reporterNames.join(', ')}`,
  };
}

async function openSource(
  packets: PacketsFrom,
  scope: Scope,
  { ranges, log }: Parameters<typeof openSensing>[2],
): Promise<Opened> {
  if (packets.kind === 'topic') {
    const { options } = packets;
    const topic = scope.own(openTopicSource(options, ranges, log));
    return {
      source: topic,
      stages: [...timeStages(options), ...filterStages(options)],
      watchdogs: [],
      topic,
      how: `reading topic ${options.topic} (${ranges.length} partition(s))`,
    };
  }
  const { options } = packets;
  const { source, stages, watchdogs } = await openPackets(
    { ...options, batchBytes: PLAIN_BATCH_BYTES },
    scope,
    log,
  );
  const how = 'files' in options.from ? 'reading' : 'capturing on';
  return { source, stages, watchdogs, how: `${how} ${source.name}` };
}
