import { lookup } from 'node:dns/promises';
import type { Logger } from 'pino';
import { LinkFilters } from '../capture/link-filters.js';
import type { LiveCapture } from '../capture/live-capture.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import { DatagramListener } from '../net/datagram-listener.js';
import type { HostPort } from '../net/host-port.js';
import { snapLengthOf } from '../packet/packet-batch.js';
import type { Source, Stage } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { HepFrames } from '../sources/hep-frames.js';
import { ListenerSource } from '../sources/listener.js';
import { TzspFrames } from '../sources/tzsp-frames.js';
import { Cut } from '../stages/cut.js';
import { Filter } from '../stages/filter.js';
import { DropWatch } from '../watchdogs/drop-watch.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { openPackets, type CaptureShare } from './capturing.js';
import type {
  CaptureDescription,
  FileCapture,
  InterfaceCapture,
  ListenerCapture,
  TopicCapture,
} from './description/capture.js';
import { kafkaProperties, type KafkaConnection } from './description/kafka-connection.js';
import { findRanges, openTopicSource, type ReadingOptions } from './reading.js';
import { readyTaskFilter } from './task-filter.js';

/** Where a task's packets come from. */
export interface DescribedSource {
  readonly source: Source;
  /** That all packets go through before anything else. */
  readonly stages: readonly Stage[];
  readonly watchdogs: readonly Watchdog[];
  /** LINKTYPE_ numbers of the packets, as far as they are known before the first. */
  readonly linkTypes: ReadonlySet<number>;
  /** Packets lose nothing by waiting, but there: those of files and topics. */
  readonly waits: boolean;
  /** To be said once it has begun. */
  readonly how: string;
  /** Keeps the packets that match another pcap-filter expression from now on; empty for all. */
  setFilter(expression: string): Promise<void>;
}

interface Parts {
  readonly scope: Scope;
  readonly workers: number;
  /** How Kafka is reached where the task does not say so. */
  readonly kafka: KafkaConnection | undefined;
  /** Whether somebody wants the names of interfaces and hosts. */
  readonly tellsNames: boolean;
  readonly log: Logger;
  readonly share: CaptureShare | undefined;
}

/** Opens what a task captures or reads, in the scope. */
export async function openDescribedSource(
  capture: CaptureDescription,
  parts: Parts,
): Promise<DescribedSource> {
  const filter = await readyTaskFilter(capture.bpfFilter);
  switch (capture.name) {
    case 'afpacket':
      return openInterfaces(capture, filter, parts);
    case 'file':
      return filtered(await openFiles(capture, parts), filter);
    case 'topic':
      return filtered(await openTopic(capture, parts), filter);
    case 'hep':
    case 'tzsp':
      return filtered(await openListener(capture, parts), filter);
  }
}

async function openInterfaces(
  { interfaces, ...capture }: InterfaceCapture,
  filter: string,
  { scope, workers, share, log }: Parts,
): Promise<DescribedSource> {
  const { source, stages, watchdogs, linkTypes, captures } = await openPackets(
    { ...capture, ...{ from: { interfaces }, filter, workers, share, linkType: undefined } },
    scope,
    log,
  );
  return {
    ...{ source, stages, watchdogs, linkTypes, waits: false },
    how: `capturing on ${source.name}`,
    setFilter: async (expression) => setFilterOfAll(captures, await readyTaskFilter(expression)),
  };
}

/** Where one of them can't have it, those before it do not keep it either. */
async function setFilterOfAll(captures: readonly LiveCapture[], filter: string): Promise<void> {
  const changed: { readonly capture: LiveCapture; readonly before: string }[] = [];
  try {
    for (const capture of captures) {
      const before = capture.filter;
      await capture.setFilter(filter);
      changed.push({ capture, before });
    }
  } catch (error) {
    for (const { capture, before } of changed) await capture.setFilter(before);
    throw error;
  }
}

type Unfiltered = Omit<DescribedSource, 'setFilter'>;

/** The same with a filter before all else, where no kernel filters. */
function filtered(opened: Unfiltered, expression: string): DescribedSource {
  const stage = new Filter(linkFilters(expression));
  return {
    ...opened,
    stages: [stage, ...opened.stages],
    setFilter: async (next) => {
      stage.replace(linkFilters(await readyTaskFilter(next)));
    },
  };
}

function linkFilters(expression: string): LinkFilters | undefined {
  return expression === '' ? undefined : new LinkFilters(expression);
}

async function openFiles(
  { paths, snapLength }: FileCapture,
  { scope, log }: Parts,
): Promise<Unfiltered> {
  const { source, stages, watchdogs, linkTypes } = await openPackets(
    {
      ...{ from: { files: paths }, filter: '', snapLength, linkType: undefined, workers: 1 },
      ...{ bufferMiB: 0, promiscuous: false, precision: 'micro', timestampType: undefined },
      captureOwnTraffic: true,
    },
    scope,
    log,
  );
  return { source, stages, watchdogs, linkTypes, waits: true, how: `reading ${source.name}` };
}

async function openTopic(
  { topic, connection, start, group, endsAtWatermarks, snapLength }: TopicCapture,
  { scope, kafka, tellsNames, log }: Parts,
): Promise<Unfiltered> {
  const options: ReadingOptions = {
    ...{ topic, properties: kafkaProperties(kafka, connection), group, endsAtWatermarks },
    start: start ?? { kind: group === undefined ? 'end' : 'stored' },
    ...{ from: undefined, to: undefined, slackMs: undefined, linkType: undefined },
    ...{ inTimeOrder: endsAtWatermarks, keyUnit: 'us', values: 'frame', tellsNames },
  };
  const ranges = await findRanges(options, log);
  const source = scope.own(openTopicSource(options, ranges, log));
  return {
    ...{ source, stages: cutStages(snapLength), watchdogs: [], linkTypes: new Set(), waits: true },
    how: `reading topic ${topic} (${ranges.length} partition(s))`,
  };
}

async function openListener(
  { name, listen, snapLength }: ListenerCapture,
  { scope, log }: Parts,
): Promise<Unfiltered> {
  const address = await addressOf(listen);
  const listener = scope.own(DatagramListener.open({ address, port: listen.port }));
  const source = new ListenerSource(listener, name === 'hep' ? new HepFrames() : new TzspFrames());
  return {
    ...{ source, stages: cutStages(snapLength), watchdogs: [new DropWatch(log)] },
    ...{ linkTypes: new Set(), waits: false },
    how: `listening for ${name.toUpperCase()} on ${listener.name}`,
  };
}

async function addressOf({ host, port }: HostPort): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const code = codeOf(error) ?? messageOf(error);
    throw new UserError(
      `listen on udp://${host}:${port}`,
      code === 'ENOTFOUND' ? `no host is called ${host}` : `look up ${host}: ${code}`,
      { remedy: 'give an address of this machine, or 0.0.0.0 for all' },
    );
  }
}

function cutStages(snapLength: number | undefined): Stage[] {
  const limit = snapLengthOf(snapLength ?? 0, Infinity);
  return limit < Infinity ? [new Cut(limit)] : [];
}
