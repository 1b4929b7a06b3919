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

/** One of several threads, each with a capture of its own on each interface, that share the packets. */
export interface CaptureShare {
  /** Which of them, from 1 on. */
  readonly worker: number;
  /** What captures of the interfaces have joined before, in the order of the interfaces; undefined for the first thread. */
  readonly groups: readonly number[] | undefined;
  /** Its captures have joined these. Resolves once those of all threads have. */
  joined(groups: readonly number[], interfaces: readonly string[]): Promise<void>;
}

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
  /** Where the other captures are in other threads. */
  readonly share?: CaptureShare | undefined;
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
  const { share } = options;
  if (!share) sayTooManyWorkers(options.workers, log);
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
  const sources = captures.map((of) => interfaceSource(of, share));
  const names = sources.map(({ name }) => name);
  return {
    source: merged(sources, log),
    linkTypes: new Set(captures.flat().map(({ link }) => link.linkType)),
    captures: captures.flat(),
    stages: [],
    // The thread that sees what all have captured has them.
    watchdogs: share ? [] : captureWatchdogs(names, snapLength, log),
  };
}

/** What watches over captures on interfaces. @param snapLength undefined where it was not given */
export function captureWatchdogs(
  interfaces: readonly string[],
  snapLength: number | undefined,
  log: Logger,
): Watchdog[] {
  return [
    new DropWatch(log),
    new ClockWatch(log),
    ...(snapLength === undefined ? [new CutWatch(log, DEFAULT_SNAP_LENGTH)] : []),
    ...interfaces.map((name) => new LinkWatch(log, name)),
  ];
}

/** Opens a capture on each of the interfaces, or several that share it; by interface. */
async function openInterfaces(
  asked: readonly string[],
  {
    workers,
    share,
    ...options
  }: Omit<CaptureOptions, 'interface'> & Pick<CapturingOptions, 'workers' | 'share'>,
  scope: Scope,
  log: Logger,
): Promise<LiveCapture[][]> {
  const opened: LiveCapture[][] = [];
  for (const [index, nameOrAddress] of asked.entries()) {
    const on = { ...options, interface: nameOrAddress };
    const captures = share
      ? [LiveCapture.join(on, share.groups?.[index])]
      : workers > 1
        ? await LiveCapture.openShared(on, workers)
        : [LiveCapture.open(on)];
    for (const capture of captures) scope.own(capture);
    opened.push(captures);
  }
  const first = opened.flatMap(([capture]) => capture ?? []);
  // The others have the same to say.
  if (!share || share.worker === 1) sayOf(first, log);
  const names = first.map((capture) => capture.interface);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw usageError(`-i ${twice}`, 'given twice', 'give it once');
  if (share) {
    await share.joined(
      first.map(({ group = 0 }) => group),
      names,
    );
    for (const capture of first) capture.begin();
  }
  return opened;
}

/** Logs what is worth saying about captures that have been opened. */
function sayOf(first: readonly LiveCapture[], log: Logger): void {
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
}

function interfaceSource(
  captures: readonly LiveCapture[],
  share: CaptureShare | undefined,
): Source {
  const [only, ...others] = captures;
  return only && others.length === 0 && !share
    ? new InterfaceSource(only)
    : new SharedInterfaceSource(captures, share?.worker);
}

export function sayTooManyWorkers(workers: number, log: Logger): void {
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
