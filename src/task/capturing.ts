import type { Logger } from 'pino';
import { availableParallelism } from 'node:os';
import { linkTypeName } from '../capture/link-type.js';
import { LiveCapture, type CaptureOptions } from '../capture/live-capture.js';
import { usageError, type UserError } from '../errors/user-error.js';
import { MAX_SNAP_LENGTH, snapLengthOf } from '../packet/packet-batch.js';
import type { Source, Stage } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { FileSource } from '../sources/file.js';
import { InterfaceSource } from '../sources/interface.js';
import { MergedSources } from '../sources/merged.js';
import { SharedInterfaceSource } from '../sources/shared-interface.js';
import { Cut } from '../stages/cut.js';
import { ClockWatch } from '../watchdogs/clock-watch.js';
import { CutWatch } from '../watchdogs/cut-watch.js';
import { DropWatch } from '../watchdogs/drop-watch.js';
import { LinkWatch } from '../watchdogs/link-watch.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { filterStages } from './packet-selection.js';

const DEFAULT_SNAP_LENGTH = 65_535;

/** Which packets a producer takes. */
export interface CapturingOptions extends Omit<
  CaptureOptions,
  'interface' | 'snapLength' | 'leavesOutKcap' | 'linkType'
> {
  /** Exactly one of the two. */
  readonly from: { readonly interfaces: readonly string[] } | { readonly files: readonly string[] };
  /** Bytes; undefined where it was not given. */
  readonly snapLength: number | undefined;
  readonly linkType: number | undefined;
  readonly captureOwnTraffic: boolean;
  /** Captures that share each interface's packets; 1 or more. */
  readonly workers: number;
}

/** Opens files or interfaces in the scope. */
export async function openPackets(
  options: CapturingOptions,
  scope: Scope,
  log: Logger,
): Promise<{
  source: Source;
  stages: Stage[];
  watchdogs: Watchdog[];
  /** LINKTYPE_ numbers of the packets, as far as they are known before the first. */
  linkTypes: ReadonlySet<number>;
  /** Of interfaces. */
  captures: readonly LiveCapture[];
}> {
  const { from, snapLength, linkType } = options;
  if ('files' in from) {
    const opening = FileSource.open(from.files, linkType, {
      onDamaged: goingOn(log),
      onSkipped: ({ message }) => {
        log.warn(message);
      },
    });
    const source = scope.own(await opening);
    const limit = snapLengthOf(snapLength ?? 0, Infinity);
    return {
      source,
      stages: [...filterStages(options), ...(limit < Infinity ? [new Cut(limit)] : [])],
      watchdogs: [],
      linkTypes: new Set(),
      captures: [],
    };
  }
  sayTooManyWorkers(options.workers, log);
  const captures = await openInterfaces(
    from.interfaces,
    {
      ...options,
      snapLength: Math.min(snapLengthOf(snapLength ?? DEFAULT_SNAP_LENGTH), MAX_SNAP_LENGTH),
      leavesOutKcap: !options.captureOwnTraffic,
    },
    scope,
    log,
  );
  const sources = captures.map(interfaceSource);
  const links = sources.map(({ name }) => new LinkWatch(log, name));
  return {
    source: merged(sources, log),
    linkTypes: new Set(captures.flat().map(({ link }) => link.linkType)),
    captures: captures.flat(),
    stages: [],
    watchdogs: [
      new DropWatch(log),
      new ClockWatch(log),
      ...(snapLength === undefined ? [new CutWatch(log, DEFAULT_SNAP_LENGTH)] : []),
      ...links,
    ],
  };
}

/** Opens a capture on each of the interfaces, or several that share it; by interface. */
async function openInterfaces(
  asked: readonly string[],
  { workers, ...options }: Omit<CaptureOptions, 'interface'> & { readonly workers: number },
  scope: Scope,
  log: Logger,
): Promise<LiveCapture[][]> {
  const opened: LiveCapture[][] = [];
  for (const nameOrAddress of asked) {
    const on = { ...options, interface: nameOrAddress };
    const captures =
      workers > 1 ? await LiveCapture.openShared(on, workers) : [LiveCapture.open(on)];
    for (const capture of captures) scope.own(capture);
    opened.push(captures);
  }
  const first = opened.flatMap(([capture]) => capture ?? []);
  for (const { interface: name, warning, link } of first) {
    if (warning !== '') log.warn(`${name}: ${warning}`);
    log.debug(
      `${name}: link type ${linkTypeName(link.linkType)}, snapshot length ${link.snapLength}`,
    );
  }
  const unknown = first.find(({ unknownToOthers }) => unknownToOthers !== '');
  if (unknown)
    log.warn(
      `${unknown.unknownToOthers}; another kcap on this host can't tell this one's traffic and captures it`,
    );
  const names = first.map((capture) => capture.interface);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw usageError(`-i ${twice}`, 'given twice', 'give it once');
  return opened;
}

function interfaceSource(captures: readonly LiveCapture[]): Source {
  const [only, ...others] = captures;
  return only && others.length === 0
    ? new InterfaceSource(only)
    : new SharedInterfaceSource(captures);
}

function sayTooManyWorkers(workers: number, log: Logger): void {
  const processors = availableParallelism();
  if (workers > processors)
    log.warn(
      `--workers ${workers}: this machine has ${processors} processor(s), and more workers only take turns`,
    );
}

function merged(sources: readonly Source[], log: Logger): Source {
  const [only, ...others] = sources;
  if (only && others.length === 0) return only;
  return new MergedSources(sources, goingOn(log));
}

/** Says what was wrong with one of several interfaces or files. */
function goingOn(log: Logger): (error: UserError) => void {
  return ({ message }) => {
    log.warn(`${message}; continuing with the others`);
  };
}
