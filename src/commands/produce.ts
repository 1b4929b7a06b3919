import { fstatSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { readyFilter } from '../capture/ready-filter.js';
import { messageHeaders } from '../kafka/message-headers.js';
import { usageError, type ExitStatus } from '../errors/user-error.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import { openProducing, type ProducingOptions } from '../task/producing.js';
import { findTopic } from '../task/sending.js';
import { becomeUser, parseUser, type User } from '../terminal/privileges.js';
import { openOutput } from '../terminal/standard-output.js';
import { superviseRun } from '../terminal/supervised-run.js';
import { parseFileOptions, refuseSharedFile } from './file-options.js';
import { parseBothModes, type BothModes, type BridgeArguments } from './both-modes.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { parseCapturing, parsePlace } from './capture-arguments.js';
import { parsePrint, progressBeside } from './print-options.js';
import { parseBytes, parseChoice, parseCount, parseSeconds } from './values.js';

/** A few batches. */
const LEAST_SPOOL_BYTES = 8 * 1024 * 1024;
/** A packet or two. */
const LEAST_PACK_BYTES = 1024;
/** The largest that librdkafka lets a message be. */
const MOST_PACK_BYTES = 1_000_000_000;
const MOST_PACK_MS = 3_600_000;

interface ProduceOptions extends BothModes, ProducingOptions {
  /** Whom to become once everything is open that takes root. */
  readonly user: User | undefined;
}

/** `kcap --producer`: packets of interfaces or of files to a topic. */
export async function produce(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const given = parse(args, log);
  if (given.copy) await refuseUnfitCopy(given.copy.file, given);
  const options = { ...given, filter: await readyFilter(given.filter) };
  refuseTicketOfRoot(options);
  const start = await findTopic(options, log);
  const stop = new Stop(options.drainTimeoutMs);
  const onCaptureOpen = () => {
    if (options.user) becomeUser(options.user, log);
  };
  const { opened } = await openInScope((scope) =>
    openProducing(options, scope, { start, openOutput, stop, log, onCaptureOpen }),
  );
  const { run, autostop } = opened;
  autostop.begin();
  return superviseRun(run, stop, { ...options, ...opened, log }).finally(() => {
    autostop.end();
  });
}

function parse(args: BridgeArguments, log: Logger): ProduceOptions {
  const from = parsePlace(args);
  const fromFiles = 'files' in from;
  const both = parseBothModes(args, log);
  const print = parsePrint(args, { prettyEvery: both.prettyEvery, byDefault: false });
  return {
    ...both,
    ...parseCapturing(args, from),
    partitionBy: parseChoice(
      '--partition-by',
      args['partition-by'],
      BRIDGE_OPTIONS['partition-by'].oneOf,
    ),
    timestamp: parseChoice(
      '--kafka-timestamp',
      args['kafka-timestamp'] ?? (fromFiles ? 'now' : 'packet'),
      BRIDGE_OPTIONS['kafka-timestamp'].oneOf,
    ),
    headers: messageHeaders(args.header, args.identify === true),
    identify: args.identify === true,
    drainTimeoutMs: parseSeconds('--drain-timeout', args['drain-timeout']),
    pack: parsePack(args),
    ...parseCopy(args),
    spool: parseSpool(args),
    user: parseUser(args['relinquish-privileges']),
    print,
    progress: progressBeside(print, both.progress),
  };
}

async function refuseUnfitCopy(
  file: string,
  { from, print, prettyEvery }: ProduceOptions,
): Promise<void> {
  await refuseSharedFile(file, print !== undefined || prettyEvery > 0);
  const written = statSync(file, { throwIfNoEntry: false });
  if (!written?.isFile() || !('files' in from)) return;
  const isRead = from.files.some((name) => {
    const read = name === '-' ? fstatSync(0) : statSync(name, { throwIfNoEntry: false });
    return read?.dev === written.dev && read.ino === written.ino;
  });
  if (isRead) throw usageError(`-w ${file}`, 'it is the file that -r reads', 'name another file');
}

/** The first ticket is taken by root; -Z's user could neither read nor replace it there. */
function refuseTicketOfRoot({ user, properties }: ProduceOptions): void {
  const cache = process.env['KRB5CCNAME'];
  if (user && cache !== undefined && properties.has('sasl.kerberos.keytab'))
    throw usageError(
      `-Z ${user.name} and KRB5CCNAME=${cache}`,
      'root would take the first ticket, and leave it there',
      'leave KRB5CCNAME out: each user has a cache then',
    );
}

function parsePack(args: BridgeArguments): ProduceOptions['pack'] {
  const { pack, 'pack-size': size, 'pack-time': time = '50' } = args;
  for (const option of ['pack-size', 'pack-time'] as const)
    if (pack !== true && args[option] !== undefined)
      throw usageError(`--${option}`, 'messages hold one packet each', 'pack them with --pack');
  if (pack !== true) return undefined;
  const bytes = parseBytes('--pack-size', size ?? '64K', LEAST_PACK_BYTES, MOST_PACK_BYTES);
  return {
    bytes,
    mayGrow: size === undefined,
    ageMs: parseCount('--pack-time', time, MOST_PACK_MS),
  };
}

function parseCopy(args: BridgeArguments): Pick<ProduceOptions, 'autostop' | 'copy'> {
  const { file, autostop, ...options } = parseFileOptions(args);
  for (const option of ['format', 'copy-when-slow'] as const)
    if (file === undefined && args[option] !== undefined)
      throw usageError(`--${option}`, 'no copy is written', 'name its file with -w');
  if (file === undefined) return { autostop, copy: undefined };
  const whenSlow = parseChoice(
    '--copy-when-slow',
    args['copy-when-slow'] ?? 'drop',
    BRIDGE_OPTIONS['copy-when-slow'].oneOf,
  );
  // The capture says the link type.
  return { autostop, copy: { ...options, file, whenSlow, linkType: undefined } };
}

function parseSpool(args: BridgeArguments): ProduceOptions['spool'] {
  const { spool: path, 'spool-size': size } = args;
  if (path === undefined && size !== undefined)
    throw usageError('--spool-size', 'there is no spool', 'name its folder with --spool');
  const bytes = parseBytes('--spool-size', size ?? '1G', LEAST_SPOOL_BYTES);
  return path === undefined ? undefined : { path, bytes };
}
