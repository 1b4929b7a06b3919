import type { Logger } from 'pino';
import { addon } from '../addon.js';
import { parseLinkType, linkTypeName } from '../capture/link-type.js';
import { LiveCapture, type CaptureOptions } from '../capture/live-capture.js';
import { BatchProducer, type KafkaTimestamp } from '../kafka/batch-producer.js';
import { Cluster } from '../kafka/cluster.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import { MAX_SNAP_LENGTH, type Precision } from '../packet/packet-batch.js';
import { usageError, type ExitStatus, type UserError } from '../errors/user-error.js';
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
  const { cluster, partitions } = await Cluster.connect(
    { role: 'producer', properties, topic },
    log,
  );
  // Gone before the capture begins, which leaves out only the producer's own connections.
  await cluster.close();

  const stop = new Stop(options.drainTimeoutMs);
  const ownConnections = options.captureOwnTraffic ? undefined : new addon.OwnConnections();
  const { source, stages, watchdogs } = await openSource(options, ownConnections, log);
  const lines = options.prettyEvery > 0 ? openLines(stop) : undefined;
  // All that takes root is open, and no packet has been touched.
  if (options.user) becomeUser(options.user, log);
  const sink = await openSink(options, {
    ...{ partitions: partitions.length, ownConnections, lines, log },
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
    watchdogs: [new DeliveryWatch(log), ...watchdogs],
    ...options,
  });
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
  ownConnections: object | undefined,
  log: Logger,
): Promise<{ source: Source; stages: Stage[]; watchdogs: Watchdog[] }> {
  const { from, snapLength, linkType } = options;
  if ('files' in from) {
    const source = await FileSource.open(from.files, linkType, goingOn(log));
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
      ownConnections,
    },
    log,
  );
  const links = sources.map(({ name }) => new LinkWatch(log, name));
  return {
    source: merged(sources, log),
    stages: [],
    watchdogs: [new DropWatch(log), new ClockWatch(log), ...links],
  };
}

/** A capture on each of the interfaces. */
function openInterfaces(
  asked: readonly string[],
  options: Omit<CaptureOptions, 'interface'>,
  log: Logger,
): Source[] {
  const sources = asked.map((nameOrAddress) => {
    const capture = LiveCapture.open({ ...options, interface: nameOrAddress });
    const { interface: name, warning, link } = capture;
    if (warning !== '') log.warn(`${name}: ${warning}`);
    log.debug(
      `${name}: link type ${linkTypeName(link.linkType)}, snapshot length ${link.snapLength}`,
    );
    return new InterfaceSource(capture);
  });
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw usageError(`-i ${twice}`, 'given twice', 'give it once');
  return sources;
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

async function openSink(
  options: ProduceOptions,
  {
    partitions,
    ownConnections,
    lines,
    onRefused,
    log,
  }: {
    readonly partitions: number;
    readonly ownConnections: object | undefined;
    /** Where -pp prints. */
    readonly lines: ByteOutput | undefined;
    /** Called once the brokers refuse to take anything. */
    readonly onRefused: () => void;
    readonly log: Logger;
  },
): Promise<Sink> {
  const { topic, prettyEvery, drainTimeoutMs } = options;
  const spool = options.spool && (await openSpool(options.spool, options, log));
  const producer = new BatchProducer(
    {
      properties: producerProperties(options.properties, spool !== undefined),
      topic,
      timestamp: options.timestamp,
      mayFillQueue: 'interfaces' in options.from,
      ...pushSettings(options.properties, partitions),
      headers: options.headers,
      namesInterface: options.identify,
      flowPartitions: options.partitionBy === 'flow' ? partitions : 0,
      reportEvery: prettyEvery,
      ownConnections,
    },
    log,
  );
  producer.onFailure(onRefused);
  const sink = spool
    ? new SpoolingTopicSink(producer, spool, {
        drainTimeoutMs,
        sourceWaits: 'files' in options.from,
        onFailure: onRefused,
        log,
      })
    : new TopicSink(producer, drainTimeoutMs);
  return lines
    ? new PrettyTopicSink(sink, { producer, output: lines, topic, every: prettyEvery })
    : sink;
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
