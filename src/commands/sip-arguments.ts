import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { readyFilter } from '../capture/ready-filter.js';
import { systemError } from '../errors/system-error.js';
import { usageError } from '../errors/user-error.js';
import type { Properties } from '../kafka/properties.js';
import { LanguageError } from '../language/language-error.js';
import { compileSipFilter, type SipFilter } from '../language/sip-filter.js';
import { nearest } from '../errors/nearest.js';
import { ALL_TUNNELS, NO_TUNNELS, TUNNEL_NAMES } from '../decode/tunnel/tunnel.js';
import { parseReportTarget, type ReportTarget } from '../task/report-target.js';
import { reportedMedia, type PacketsFrom } from '../task/sensing.js';
import type { WrittenSensing } from '../task/workers/sensing-workers.js';
import { parseUser, type User } from '../terminal/privileges.js';
import { isOutputTerminal, outputShowsColours } from '../terminal/standard-output.js';
import { parseRun, type RunArguments } from './both-modes.js';
import { parseCapturing, parsePlace } from './capture-arguments.js';
import type { Arguments } from './command.js';
import { parseAutostop } from './file-options.js';
import { parseKafkaOptions, parseProperties } from './kafka-arguments.js';
import { parseReading } from './reading-arguments.js';
import type { SIP_OPTIONS } from './sip-options.js';
import { parseSeconds } from './values.js';

export type SipArguments = Arguments<typeof SIP_OPTIONS>;

/** What the command line of a sensor says. */
export interface SipOptions extends RunArguments, WrittenSensing {
  /** Whom to become once everything is open that takes root. */
  readonly user: User | undefined;
  /** How long a stop waits for reporters. */
  readonly drainTimeoutMs: number;
}

/** @param given the options that stand on the command line */
export async function parseSipOptions(
  args: SipArguments,
  given: ReadonlySet<string>,
  log: Logger,
): Promise<SipOptions> {
  const run = parseRun(args);
  const targets = parseTargets(args);
  const showsLines = targets.some(({ kind }) => kind === 'text');
  if (args.raw === true && !showsLines)
    throw usageError('--raw', 'no message is shown as a line', 'add --report text:');
  const autostop = parseAutostop(args.autostop);
  if (autostop.fileBytes !== undefined)
    throw usageError('-a filesize', 'no file is written', 'leave it out');
  const reportsToKafka = targets.some(({ kind }) => kind === 'kafka');
  const packets = parsePackets(args, { given, reportsToKafka }, run, log);
  const kafka = reportsToKafka ? parseReporting(args, packets, targets, log) : undefined;
  const user = parseUser(args['relinquish-privileges']);
  const filters = await compileFilters(args['sip-filter']);
  const filter = await readyFilter(run.filter);
  return {
    ...run,
    filter,
    packets:
      packets.kind === 'topic'
        ? { kind: 'topic', options: { ...packets.options, filter } }
        : { kind: 'capture', options: { ...packets.options, filter } },
    targets,
    kafka,
    filters: filters.map(({ filter: compiled }) => compiled),
    filterTexts: filters.map(({ text }) => text),
    reassembles: args.reassemble,
    tunnels: parseTunnels(args.tunnels),
    media: args.rtp === true ? 'all' : reportedMedia(targets),
    autostop,
    user,
    drainTimeoutMs: parseSeconds('--drain-timeout', args['drain-timeout']),
    lines: { colours: outputShowsColours(), raw: args.raw === true },
    who: { taskId: 'sip', agentId: hostname(), pipelineId: 0 },
    // Lines and a progress line would overwrite each other.
    progress: run.progress ?? (showsLines && isOutputTerminal() ? false : undefined),
  };
}

/** What only captures, or only topics, have: with the other one it means nothing. */
const OF_CAPTURES = [
  ...['buffer-size', 'workers', 'promiscuous', 'time-stamp-type', 'time-stamp-precision'],
  ...['relinquish-privileges', 'capture-own-traffic'],
];
const OF_TOPICS = [
  ...['kafka-offset', 'exit', 'from', 'to', 'slack', 'group', 'order', 'key-unit', 'values'],
];

function parsePackets(
  args: SipArguments,
  { given, reportsToKafka }: { given: ReadonlySet<string>; reportsToKafka: boolean },
  run: RunArguments,
  log: Logger,
): PacketsFrom {
  const isCapture = args.interface.length > 0 || args.read.length > 0;
  // Brokers may be those of a reporter.
  const namesBrokers = given.has('kafka-broker') && !(isCapture && reportsToKafka);
  const isTopic = namesBrokers || given.has('kafka-topic');
  if (isCapture && isTopic)
    throw usageError(
      `${args.interface.length > 0 ? '-i' : '-r'} and ${reportsToKafka ? '-t' : '-k'}`,
      'one run has one kind of source',
      'give only one of the two; a topic to report to is --report kafka:TOPIC',
    );
  const foreign = (isTopic ? OF_CAPTURES : OF_TOPICS).find((name) => given.has(name));
  if (foreign !== undefined && (isCapture || isTopic))
    throw usageError(
      `--${foreign}`,
      `it has no meaning with ${isTopic ? '-k' : args.interface.length > 0 ? '-i' : '-r'}`,
      "see 'kcap sip --help'",
    );
  if (isTopic) {
    const role = reportsToKafka ? 'both' : 'consumer';
    const kafka = parseKafkaOptions(args, role, log, 'kcap sip');
    return {
      kind: 'topic',
      options: { ...parseReading(args, kafka, Date.now()), filter: run.filter },
    };
  }
  const from = parsePlace(
    args,
    'sip',
    "give an interface with -i ('kcap devices' lists them), a file with -r, or a topic with -k and -t",
  );
  const { filter, snapLength } = run;
  return { kind: 'capture', options: { ...parseCapturing(args, from), filter, snapLength } };
}

/** How Kafka is reached by those that report to it: as it is where packets come from it. */
function parseReporting(
  args: SipArguments,
  packets: PacketsFrom,
  targets: readonly ReportTarget[],
  log: Logger,
): Properties {
  if (packets.kind === 'capture')
    return parseProperties(args, { role: 'producer', mode: '--report kafka:' }, log);
  const { topic, properties } = packets.options;
  for (const target of targets)
    if (target.kind === 'kafka' && target.topic === topic)
      throw usageError(
        `--report ${target.name}`,
        'packets are read from this topic, and nothing is written to it',
        'report to another topic',
      );
  return properties;
}

function parseTargets({ report }: SipArguments): readonly [ReportTarget, ...ReportTarget[]] {
  const [first, ...others] = report.map(parseReportTarget);
  if (!first) return [{ kind: isOutputTerminal() ? 'text' : 'json' }];
  const onOutput = [first, ...others].filter(({ kind }) => kind === 'text' || kind === 'json');
  if (onOutput.length > 1)
    throw usageError(
      '--report',
      'standard output is for one reporter',
      'give one of text: and json:, once',
    );
  return [first, ...others];
}

/** A bit of `Tunnel` for each tunnel that is looked into. */
function parseTunnels(text: string): number {
  if (text === 'all') return ALL_TUNNELS;
  let tunnels = NO_TUNNELS;
  if (text === 'none') return tunnels;
  for (const name of text.split(',')) {
    const tunnel = TUNNEL_NAMES.get(name);
    if (tunnel === undefined) {
      const names = [...TUNNEL_NAMES.keys()];
      const meant = nearest(name, names);
      throw usageError(
        `--tunnels ${text}`,
        name === '' ? 'a name is missing' : `${name}: no such tunnel`,
        meant === undefined
          ? `use all, none, or some of: ${names.join(',')}`
          : `did you mean ${meant}?`,
      );
    }
    tunnels |= tunnel;
  }
  return tunnels;
}

/** The filters, each with its text. */
async function compileFilters(
  given: readonly string[],
): Promise<{ readonly text: string; readonly filter: SipFilter }[]> {
  const filters: { readonly text: string; readonly filter: SipFilter }[] = [];
  for (const argument of given) {
    const isFile = argument.startsWith('@');
    const text = isFile ? readText(argument.slice(1)) : argument;
    try {
      filters.push({ text, filter: await compileSipFilter(text) });
    } catch (error) {
      if (!(error instanceof LanguageError)) throw error;
      throw error.asUsageError(isFile ? `--sip-filter ${argument}` : '--sip-filter');
    }
  }
  return filters;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw systemError(`--sip-filter @${path}`, error, {
      named: { verb: 'name', noun: 'file' },
      use: 'read',
      missing: 'check the path',
    });
  }
}
