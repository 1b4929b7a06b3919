import type { Logger } from 'pino';
import { parseLinkType, linkTypeName } from '../capture/link-type.js';
import { LiveCapture, type CaptureOptions } from '../capture/live-capture.js';
import { BatchProducer, type KafkaTimestamp } from '../kafka/batch-producer.js';
import { Cluster } from '../kafka/cluster.js';
import type { ClientFacts } from '../kafka/client-facts.js';
import { RenewedProducer, type TopicStart } from '../kafka/renewed-producer.js';
import { slownessOf } from '../kafka/request-bounds.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import { MAX_SNAP_LENGTH, type Precision } from '../packet/packet-batch.js';
import { usageError, UserError, type ExitStatus } from '../errors/user-error.js';
import type { Sink, Source, Stage } from '../pipeline/contracts.js';
import { Branch } from '../pipeline/branch.js';
import { PacketRun } from '../pipeline/packet-run.js';
import { Stop } from '../pipeline/stop.js';
import { openStandardOutput, type ByteOutput } from '../files/byte-output.js';
import { PrettyTopicSink } from '../sinks/pretty.js';
import { SpoolingTopicSink } from '../sinks/spooling-topic.js';
import { TopicSink } from '../sinks/topic.js';
import { FileSource } from '../sources/file.js';
import { InterfaceSource } from '../sources/interface.js';
import { MergedSources } from '../sources/merged.js';
import { Cut } from '../stages/cut.js';
import {
  filterStages,
  limitStages,
  parseBothModes,
  type BothModes,
  type BridgeArguments,
} from './both-modes.js';
import { messageHeaders } from '../kafka/message-headers.js';
import { becomeUser, parseUser, type User } from '../terminal/privileges.js';
import { Spool } from '../spool/spool.js';
import { SpoolFolder } from '../spool/spool-folder.js';
import { ClockWatch } from '../watchdogs/clock-watch.js';
import { CutWatch } from '../watchdogs/cut-watch.js';
import { DeliveryWatch } from '../watchdogs/delivery-watch.js';
import { DropWatch } from '../watchdogs/drop-watch.js';
import { LinkWatch } from '../watchdogs/link-watch.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { superviseRun } from '../terminal/supervised-run.js';
import { parseBytes, parseChoice, parseCount, parseSeconds } from './values.js';

const DEFAULT_SNAP_LENGTH = 65_535;
/** A few batches. */
const LEAST_SPOOL_BYTES = 8 * 1024 * 1024;

interface ProduceOptions extends BothModes {
  /** Exactly one of the two. */
  readonly from: { readonly interfaces: readonly string[] } | { readonly files: readonly string[] };
  readonly bufferMiB: number;
  readonly promiscuous: boolean;
  readonly linkType: number | undefined;
  readonly precision: Precision;
  readonly timestampType: string | undefined;
  readonly partitionBy: 'time' | 'flow';
  readonly timestamp: KafkaTimestamp;
  readonly headers: ReturnType<typeof messageHeaders>;
  readonly identify: boolean;
  readonly drainTimeoutMs: number;
  /** Folder, and its largest size. */
  readonly spool: { readonly path: string; readonly bytes: number } | undefined;
  /** Whom to become once everything is open that takes root. */
  readonly user: User | undefined;
  readonly captureOwnTraffic: boolean;
}

/** `kcap --producer`: packets of interfaces or of files to a topic. */
export async function produce(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const options = parse(args, log);
  refuseTicketOfRoot(options);
  const { topic, properties } = options;
  const start = await findTopic(options, log);
  const roundTripMs = 'roundTripMs' in start ? start.roundTripMs : 0;
  const stop = new Stop(options.drainTimeoutMs);
  const { source, stages, watchdogs } = await openSource(options, log);
  const lines = options.prettyEvery > 0 ? openLines(stop) : undefined;
  // All that takes root is open, and no packet has been touched.
  if (options.user) becomeUser(options.user, log);
  const sink = await openSink(options, {
    ...{ start, lines, log },
    onRefused: () => {
      stop.request();
    },
  });
  const run = new PacketRun(
    source,
    [...stages, ...limitStages(options)],
    [new Branch({ name: topic, sink })],
  );
  const how = 'files' in options.from ? 'reading' : 'capturing on';
  const started = `${how} ${source.name}, sending to topic ${topic}`;
  return superviseRun(run, stop, {
    started,
    log,
    watchdogs: [new DeliveryWatch(log, slownessOf(properties, roundTripMs)), ...watchdogs],
    ...options,
  });
}

/** How many partitions the topic has. With a spool the run begins also where nobody says so yet. */
async function findTopic(options: ProduceOptions, log: Logger): Promise<TopicStart> {
  try {
    const { cluster, partitions } = await Cluster.connect(factsOf(options), log);
    const roundTripMs = await cluster.roundTripMs();
    // Gone before the capture begins: its connections are node-rdkafka's, and not left out.
    await cluster.close();
    return { partitions: partitions.length, roundTripMs };
  } catch (error) {
    if (!options.spool || !(error instanceof UserError) || error.exitStatus === 2) throw error;
    return { problem: error };
  }
}

function factsOf({ properties, topic }: ProduceOptions): ClientFacts {
  return { role: 'producer', properties, topic };
}

function parse(args: BridgeArguments, log: Logger): ProduceOptions {
  const { interface: interfaces, read: files } = args;
  if (interfaces.length > 0 && files.length > 0)
    throw usageError('-i and -r', 'one run has one kind of source', 'give only one of the two');
  if (interfaces.length === 0 && files.length === 0)
    throw usageError(
      '--producer',
      'nothing to capture from',
      "give an interface with -i ('kcap devices' lists them) or a file with -r",
    );
  const fromFiles = files.length > 0;
  for (const option of ['time-stamp-type', 'time-stamp-precision'] as const)
    if (fromFiles && args[option] !== undefined)
      throw usageError(
        `--${option} and -r`,
        'the times of a file stay as they are',
        'leave it out',
      );
  return {
    ...parseBothModes(args, log),
    from: fromFiles ? { files } : { interfaces },
    bufferMiB: parseCount('-B', args['buffer-size'], 2047),
    promiscuous: args.promiscuous,
    linkType: args.linktype === undefined ? undefined : parseLinkType(args.linktype),
    precision: parseChoice('--time-stamp-precision', args['time-stamp-precision'] ?? 'micro', [
      'micro',
      'nano',
    ]),
    timestampType: args['time-stamp-type'],
    partitionBy: parseChoice('--partition-by', args['partition-by'], ['time', 'flow']),
    timestamp: parseChoice(
      '--kafka-timestamp',
      args['kafka-timestamp'] ?? (fromFiles ? 'now' : 'packet'),
      ['packet', 'now'],
    ),
    headers: messageHeaders(args.header, args.identify === true),
    identify: args.identify === true,
    drainTimeoutMs: parseSeconds('--drain-timeout', args['drain-timeout']),
    spool: parseSpool(args),
    user: parseUser(args['relinquish-privileges']),
    captureOwnTraffic: args['capture-own-traffic'] === true,
  };
}

/** The first ticket is taken by root; whoever -Z names could not read it there, nor put another one in its place. */
function refuseTicketOfRoot({ user, properties }: ProduceOptions): void {
  const cache = process.env['KRB5CCNAME'];
  if (user && cache !== undefined && properties.has('sasl.kerberos.keytab'))
    throw usageError(
      `-Z ${user.name} and KRB5CCNAME=${cache}`,
      'root would take the first ticket, and leave it there',
      'leave KRB5CCNAME out: each user has a cache then',
    );
}

function parseSpool(args: BridgeArguments): ProduceOptions['spool'] {
  const { spool: path, 'spool-size': size } = args;
  if (path === undefined && size !== undefined)
    throw usageError('--spool-size', 'there is no spool', 'name its folder with --spool');
  const bytes = parseBytes('--spool-size', size ?? '1G', LEAST_SPOOL_BYTES);
  return path === undefined ? undefined : { path, bytes };
}

async function openSource(
  options: ProduceOptions,
  log: Logger,
): Promise<{ source: Source; stages: Stage[]; watchdogs: Watchdog[] }> {
  const { from, snapLength, linkType } = options;
  if ('files' in from) {
    const source = await FileSource.open(from.files, linkType, {
      onDamaged: goingOn(log),
      onSkipped: ({ message }) => {
        log.warn(message);
      },
    });
    return {
      source,
      stages: [...filterStages(options), ...(snapLength ? [new Cut(snapLength)] : [])],
      watchdogs: [],
    };
  }
  const sources = openInterfaces(
    from.interfaces,
    {
      ...options,
      snapLength: Math.min(snapLength ?? DEFAULT_SNAP_LENGTH, MAX_SNAP_LENGTH) || MAX_SNAP_LENGTH,
      leavesOutKcap: !options.captureOwnTraffic,
    },
    log,
  );
  const links = sources.map(({ name }) => new LinkWatch(log, name));
  return {
    source: merged(sources, log),
    stages: [],
    watchdogs: [
      new DropWatch(log),
      new ClockWatch(log),
      ...(snapLength === undefined ? [new CutWatch(log, DEFAULT_SNAP_LENGTH)] : []),
      ...links,
    ],
  };
}

/** A capture on each of the interfaces. */
function openInterfaces(
  asked: readonly string[],
  options: Omit<CaptureOptions, 'interface'>,
  log: Logger,
): Source[] {
  const captures = asked.map((nameOrAddress) => {
    const capture = LiveCapture.open({ ...options, interface: nameOrAddress });
    const { interface: name, warning, link } = capture;
    if (warning !== '') log.warn(`${name}: ${warning}`);
    log.debug(
      `${name}: link type ${linkTypeName(link.linkType)}, snapshot length ${link.snapLength}`,
    );
    return capture;
  });
  const unknown = captures.find(({ unknownToOthers }) => unknownToOthers !== '');
  if (unknown)
    log.warn(
      `${unknown.unknownToOthers}; another kcap on this host can't tell this one's traffic and captures it`,
    );
  const names = captures.map((capture) => capture.interface);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw usageError(`-i ${twice}`, 'given twice', 'give it once');
  return captures.map((capture) => new InterfaceSource(capture));
}

function merged(sources: readonly Source[], log: Logger): Source {
  const [only, ...others] = sources;
  if (only && others.length === 0) return only;
  return new MergedSources(sources, goingOn(log));
}

/** Says what was wrong with one of several interfaces or files. */
function goingOn(log: Logger): (error: UserError) => void {
  return ({ message }) => {
    log.warn(`${message}; going on with the others`);
  };
}

interface SinkParts {
  readonly start: TopicStart;
  /** Where -pp prints. */
  readonly lines: ByteOutput | undefined;
  /** Called once nothing can be sent, or kept, any more. */
  readonly onRefused: () => void;
  readonly log: Logger;
}

async function openSink(options: ProduceOptions, parts: SinkParts): Promise<Sink> {
  const { topic, prettyEvery: every } = options;
  const { sink, producer } = options.spool
    ? await openSpoolingSink(options, { ...parts, spool: options.spool })
    : await openPlainSink(options, parts);
  return parts.lines
    ? new PrettyTopicSink(sink, { producer, output: parts.lines, topic, every })
    : sink;
}

async function openPlainSink(options: ProduceOptions, { start, ...parts }: SinkParts) {
  if ('problem' in start) throw start.problem;
  const producer = openProducer(options, { ...parts, ...start });
  producer.onFailure(parts.onRefused);
  await producer.adaptToTopic(options.properties, start.roundTripMs);
  return { producer, sink: new TopicSink(producer) };
}

async function openSpoolingSink(
  options: ProduceOptions,
  parts: SinkParts & { readonly spool: NonNullable<ProduceOptions['spool']> },
) {
  const { start, log, onRefused } = parts;
  const spool = await openSpool(parts.spool, options, log);
  const make = (partitions: number) => openProducer(options, { ...parts, partitions });
  const roundTripMs = 'roundTripMs' in start ? start.roundTripMs : 0;
  const producer = new RenewedProducer({
    make,
    adapt: async (made) => made.adaptToTopic(options.properties, roundTripMs),
    start,
    facts: factsOf(options),
  });
  const sink = new SpoolingTopicSink(producer, spool, {
    drainTimeoutMs: options.drainTimeoutMs,
    sourceWaits: 'files' in options.from,
    onFailure: onRefused,
    log,
  });
  return { producer, sink };
}

function openProducer(
  options: ProduceOptions,
  { partitions, log }: Pick<SinkParts, 'log'> & { readonly partitions: number },
): BatchProducer {
  const spools = options.spool !== undefined;
  return new BatchProducer(
    {
      properties: producerProperties(options.properties, spools),
      topic: options.topic,
      timestamp: options.timestamp,
      mayFillQueue: 'interfaces' in options.from,
      ...pushSettings(options.properties, partitions),
      headers: options.headers,
      namesInterface: options.identify,
      flowPartitions: options.partitionBy === 'flow' ? partitions : 0,
      // Whoever names a partitioner wants keys to choose.
      keysChoose: partitions > 1 && options.properties.has('partitioner'),
      keepsUndelivered: spools,
      reportEvery: options.prettyEvery,
    },
    log,
  );
}

/** Where -pp prints its lines. */
function openLines(stop: Stop): ByteOutput {
  const output = openStandardOutput();
  // Nobody reads the lines any more: that ends the run, as `tcpdump | head` ends tcpdump.
  output.onReaderLeft(() => {
    stop.request();
  });
  return output;
}

async function openSpool(
  { path, bytes }: { readonly path: string; readonly bytes: number },
  { topic, identify }: ProduceOptions,
  log: Logger,
): Promise<Spool> {
  const options = { limitBytes: bytes, keepsInterface: identify };
  return Spool.open(await SpoolFolder.open(path, topic), options, log);
}
