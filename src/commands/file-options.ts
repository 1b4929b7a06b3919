import { usageError } from '../errors/user-error.js';
import { ownDescriptor } from '../files/output-file.js';
import type { RingConditions } from '../sinks/file-ring.js';
import type { AutostopConditions } from '../task/autostop.js';
import type { CaptureFileOptions, CaptureFormat } from '../task/capture-file.js';
import type { BridgeArguments } from './both-modes.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { parseChoice } from './values.js';
import { packageVersion } from '../package-version.js';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;
/** In any unit: its smallest part can still be counted. */
const MOST = 1e12;

/** What the command line says of limits and files. */
export interface FileOptions extends Pick<
  CaptureFileOptions,
  'fileFormat' | 'ring' | 'application'
> {
  readonly file: string | undefined;
  readonly autostop: AutostopConditions;
}

type Arguments = Pick<BridgeArguments, 'write' | 'format' | 'autostop' | 'ring-buffer'>;

export function parseFileOptions(args: Arguments): FileOptions {
  const { write, format } = args;
  const file = write === '-' ? '/dev/stdout' : write;
  if (file === '') throw usageError('-w', 'it names no file', 'for example -w out.pcap');
  const { fileBytes, ...autostop } = parseAutostop(args.autostop);
  const ring = parseRing(args['ring-buffer'], fileBytes);
  const nameOne = 'name one with -w, for example -w out.pcap';
  if (file === undefined && ring) throw usageError('-b', 'there is no file to switch', nameOne);
  if (file === undefined && fileBytes !== undefined)
    throw usageError('-a filesize', 'no file is written', nameOne);
  return {
    file,
    fileFormat:
      format === undefined
        ? undefined
        : parseChoice<CaptureFormat>('-F', format, BRIDGE_OPTIONS.format.oneOf),
    application: `kcap ${packageVersion()}`,
    autostop: fileBytes === undefined || ring ? autostop : { ...autostop, fileBytes },
    ring,
  };
}

/**
 * Throws a usage error where the file is a descriptor that something else is written to, as /dev/stdout is.
 *
 * @param hasLines whether lines go to standard output
 */
export async function refuseSharedFile(file: string, hasLines: boolean): Promise<void> {
  const descriptor = await ownDescriptor(file);
  const other = 'name another file';
  if (descriptor === STANDARD_ERROR)
    throw usageError(`-w ${file}`, 'standard error is for the log', other);
  if (descriptor === STANDARD_OUTPUT && hasLines)
    throw usageError(`-w ${file}`, 'standard output is for the lines of --print or -pp', other);
}

/** dumpcap's conditions of -a. */
export function parseAutostop(given: readonly string[]): AutostopConditions {
  const values = parseConditions('-a', given, BRIDGE_OPTIONS.autostop.kinds);
  return {
    ...(values.duration !== undefined && { durationMs: values.duration }),
    ...(values.packets !== undefined && { packets: values.packets }),
    ...(values.filesize !== undefined && { fileBytes: values.filesize }),
    ...(values.idle !== undefined && { idleMs: values.idle }),
  };
}

/**
 * dumpcap's conditions of -b; undefined where there are none.
 *
 * @param fileBytes what -a filesize says: with several files it is the size of each, as in dumpcap
 */
export function parseRing(
  given: readonly string[],
  fileBytes?: number,
): RingConditions | undefined {
  if (given.length === 0) return undefined;
  const values = parseConditions('-b', given, BRIDGE_OPTIONS['ring-buffer'].kinds);
  const size = Math.min(values.filesize ?? Infinity, fileBytes ?? Infinity);
  const conditions: RingConditions = {
    ...(values.duration !== undefined && { durationMs: values.duration }),
    ...(values.interval !== undefined && { intervalMs: values.interval }),
    ...(size < Infinity && { fileBytes: size }),
    ...(values.packets !== undefined && { packets: values.packets }),
  };
  if (Object.keys(conditions).length === 0)
    throw usageError(
      `-b files:${values.files ?? ''}`,
      'nothing says when a file is finished',
      'add -b filesize:KB, duration:S, packets:N or interval:S',
    );
  return { ...conditions, ...(values.files !== undefined && { files: values.files }) };
}

/** What one of a condition's units is: bytes, milliseconds or the things themselves. */
const UNIT = { duration: 1000, idle: 1000, interval: 1000, filesize: 1000, packets: 1, files: 1 };
const TIMES: ReadonlySet<string> = new Set(['duration', 'idle']);

type Kind = keyof typeof UNIT;

/** The values by their kinds. Of several the smallest counts: it is reached first. */
function parseConditions<Allowed extends Kind>(
  option: string,
  given: readonly string[],
  allowed: readonly Allowed[],
): Partial<Record<Allowed, number>> {
  const values: Partial<Record<Allowed, number>> = {};
  for (const text of given) {
    const [, name = '', value = ''] = /^([^:]*):?(.*)$/s.exec(text) ?? [];
    const kind = allowed.find((known) => known === name);
    if (kind === undefined)
      throw usageError(
        `${option} ${text}`,
        'no such condition',
        `use one of: ${allowed.map((known) => `${known}:${EXAMPLE[known]}`).join(', ')}`,
      );
    const number = parseValue(`${option} ${text}`, kind, value) * UNIT[kind];
    values[kind] = Math.min(values[kind] ?? Infinity, number);
  }
  return values;
}

const EXAMPLE: Readonly<Record<Kind, string>> = {
  ...{ duration: 'SECONDS', idle: 'SECONDS', interval: 'SECONDS', filesize: 'KB' },
  ...{ packets: 'N', files: 'N' },
};

function parseValue(what: string, kind: Kind, text: string): number {
  const takesFractions = TIMES.has(kind);
  const isNumber = (takesFractions ? /^\d+(\.\d+)?$/ : /^\d+$/).test(text);
  const value = isNumber ? Number(text) : NaN;
  if (!(value > 0 && value <= MOST))
    throw usageError(
      what,
      (takesFractions ? 'not a number of seconds above 0' : 'not a whole number above 0') +
        (value > MOST ? ` up to ${MOST}` : ''),
      `for example ${what.slice(0, 2)} ${kind}:10`,
    );
  return value;
}
