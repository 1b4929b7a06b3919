import { parseLinkType } from '../capture/link-type.js';
import { usageError } from '../errors/user-error.js';
import type { CapturingOptions } from '../task/capturing.js';
import type { BridgeArguments } from './both-modes.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { parseChoice, parseCount } from './values.js';

const MOST_WORKERS = 64;

/** What the command line says of capturing, and of reading files. */
export type CaptureArguments = Pick<
  BridgeArguments,
  | 'interface'
  | 'read'
  | 'buffer-size'
  | 'workers'
  | 'promiscuous'
  | 'time-stamp-type'
  | 'time-stamp-precision'
  | 'capture-own-traffic'
  | 'linktype'
>;

/**
 * Where packets come from: interfaces or files, and not both.
 *
 * @param command what has nothing to capture from where neither is given
 * @param remedy what to do then
 */
export function parsePlace(
  args: CaptureArguments,
  command = '--producer',
  remedy = "give an interface with -i ('kcap devices' lists them) or a file with -r",
): CapturingOptions['from'] {
  const { interface: interfaces, read: files } = args;
  if (interfaces.length > 0 && files.length > 0)
    throw usageError('-i and -r', 'one run has one kind of source', 'give only one of the two');
  if (interfaces.length === 0 && files.length === 0)
    throw usageError(command, 'nothing to capture from', remedy);
  const fromFiles = files.length > 0;
  for (const option of ['time-stamp-type', 'time-stamp-precision'] as const)
    if (fromFiles && args[option] !== undefined)
      throw usageError(
        `--${option} and -r`,
        'the times of a file stay as they are',
        'leave it out',
      );
  return fromFiles ? { files } : { interfaces };
}

/** How packets are captured there. */
export function parseCapturing(
  args: CaptureArguments,
  from: CapturingOptions['from'],
): Omit<CapturingOptions, 'filter' | 'snapLength'> {
  return {
    from,
    bufferMiB: parseCount('-B', args['buffer-size'], 2047),
    promiscuous: args.promiscuous,
    linkType: args.linktype === undefined ? undefined : parseLinkType(args.linktype),
    precision: parseChoice(
      '--time-stamp-precision',
      args['time-stamp-precision'] ?? 'micro',
      BRIDGE_OPTIONS['time-stamp-precision'].oneOf,
    ),
    timestampType: args['time-stamp-type'],
    workers: parseWorkers(args),
    captureOwnTraffic: args['capture-own-traffic'] === true,
  };
}

function parseWorkers({ workers, read: files }: CaptureArguments): number {
  if (workers === undefined) return 1;
  if (files.length > 0)
    throw usageError('--workers and -r', 'one thread reads a file', 'leave out --workers');
  const count = parseCount('--workers', workers, MOST_WORKERS);
  if (count === 0)
    throw usageError('--workers 0', 'no thread would capture', 'for example --workers 2');
  return count;
}
