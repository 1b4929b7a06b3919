import path from 'node:path';
import { UserError } from '../errors/user-error.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import {
  FallbackReporter,
  FallbackReporterTarget,
  FallbackSink,
  FallbackTarget,
  type FallbackOptions,
} from '../sinks/fallback.js';
import type { Reporter } from '../sinks/reporter.js';
import { SpoolingReporter } from '../sinks/spooling-reporter.js';
import { SpoolFolder } from '../spool/spool-folder.js';
import { Spool } from '../spool/spool.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { openMessageReporter, patienceOf } from './described-message-reporter.js';
import { openPacketReporter } from './described-packet-reporter.js';
import type { MessageReporterParts, ReporterParts } from './described-reporters.js';
import type { ReporterDescription } from './description/reporters.js';
import type { TaskDescription } from './description/task.js';

const SPOOL_BYTES = 1024 ** 3;

/**
 * Opens a task's reporters of messages in the scope, each with what takes the place of it. One that is named as a fallback
 * gets nothing but what others can't take.
 */
export async function openMessageReporters(
  described: readonly ReporterDescription[],
  task: TaskDescription,
  scope: Scope,
  parts: MessageReporterParts,
): Promise<Reporter[]> {
  const opened = new Map<string, Reporter>();
  for (const reporter of inOrder(described, 'messages')) {
    const { id, fallback } = reporter;
    const first = scope.own(await openMessageReporter(reporter, task, parts));
    const other = fallback === undefined ? undefined : opened.get(fallback);
    if (fallback === 'spool') opened.set(id, scope.own(await withSpool(first, reporter, parts)));
    else if (other) opened.set(id, new FallbackReporter(first, other, optionsOf(reporter, parts)));
    else opened.set(id, first);
  }
  return described.flatMap(({ id }) => {
    const reporter = opened.get(id);
    if (!reporter) return [];
    return [isFallback(id, described) ? new FallbackReporterTarget(reporter) : reporter];
  });
}

interface PacketReporter {
  readonly id: string;
  readonly sink: Sink;
  readonly watchdogs: readonly Watchdog[];
}

/** The same of reporters of packets. */
export async function openPacketReporters(
  described: readonly ReporterDescription[],
  task: TaskDescription,
  scope: Scope,
  parts: ReporterParts,
): Promise<PacketReporter[]> {
  const opened = new Map<string, PacketReporter>();
  for (const reporter of inOrder(described, 'packets')) {
    const { id, fallback } = reporter;
    const { sink: first, watchdogs } = await openPacketReporter(reporter, task, scope, parts);
    const other = fallback === undefined ? undefined : opened.get(fallback)?.sink;
    if (fallback === 'spool' && reporter.name !== 'frames')
      throw new UserError(`reporter ${id}`, `there is no spool for ${reporter.name}`, {
        ...{ remedy: 'leave out fallback, or name another reporter', exitStatus: 2 },
      });
    const sink = other ? new FallbackSink(first, other, optionsOf(reporter, parts)) : first;
    opened.set(id, { id, sink, watchdogs });
  }
  return described.flatMap(({ id }) => {
    const reporter = opened.get(id);
    if (!reporter) return [];
    const { sink } = reporter;
    return [{ ...reporter, sink: isFallback(id, described) ? new FallbackTarget(sink) : sink }];
  });
}

function isFallback(id: string, described: readonly ReporterDescription[]): boolean {
  return described.some(({ fallback }) => fallback === id);
}

/** Each after its fallback. Throws a UserError where that takes something else. */
function inOrder(
  described: readonly ReporterDescription[],
  what: 'messages' | 'packets',
): ReporterDescription[] {
  const ordered: ReporterDescription[] = [];
  const add = (reporter: ReporterDescription) => {
    if (ordered.includes(reporter)) return;
    const { id, fallback } = reporter;
    const other = described.find((candidate) => candidate.id === fallback);
    if (!other && fallback !== undefined && fallback !== 'spool')
      throw new UserError(`reporter ${id}`, `its fallback ${fallback} does not take ${what}`, {
        ...{ remedy: 'name one that does, or spool', exitStatus: 2 },
      });
    if (other) add(other);
    ordered.push(reporter);
  };
  for (const reporter of described) add(reporter);
  return ordered;
}

async function withSpool(
  first: Reporter,
  reporter: ReporterDescription,
  parts: ReporterParts,
): Promise<Reporter> {
  const { id } = reporter;
  const folder = await SpoolFolder.open(path.join(parts.spoolFolder, id), id);
  const options = { limitBytes: SPOOL_BYTES, keepsInterface: false };
  const spool = await Spool.open(folder, options, parts.log);
  const { patienceMs, log } = optionsOf(reporter, parts);
  return new SpoolingReporter(first, spool, { patienceMs, log });
}

function optionsOf(
  reporter: ReporterDescription,
  { defaults, log }: ReporterParts,
): FallbackOptions {
  const { id, fallback = '' } = reporter;
  return { names: { first: id, other: fallback }, patienceMs: patienceOf(reporter, defaults), log };
}
