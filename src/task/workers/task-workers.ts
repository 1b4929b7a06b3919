import { interfaceNamed } from '../../capture/devices.js';
import type { Scope } from '../../pipeline/scope.js';
import { Autostop, limitText } from '../autostop.js';
import { captureWatchdogs } from '../capturing.js';
import { mediaOf, reportersOf, type ReporterDefaults } from '../described-reporters.js';
import { openDescribedRun, type RunParts } from '../described-run.js';
import type { InterfaceCapture } from '../description/capture.js';
import type { ReporterDescription } from '../description/reporters.js';
import type { TaskDescription } from '../description/task.js';
import { readyTaskFilter } from '../task-filter.js';
import type { TaskRun } from '../task-run.js';
import type { WorkerPlan } from './messages.js';
import { WorkersRun } from './workers-run.js';

const NO_LIMITS = { packets: 0, bytes: 0, durationMs: 0, idleMs: 0 };

/** A task that captures. */
type Capturing = TaskDescription & { readonly capture: InterfaceCapture };

/**
 * Opens all that a task is to do, in the scope: in as many threads as it has workers where they have something to decode and
 * nothing that only one of them can do, otherwise in this thread alone. Throws a UserError that says what is in the way.
 */
export async function openTaskRun(
  task: TaskDescription,
  scope: Scope,
  parts: RunParts,
): Promise<TaskRun> {
  const { workers, capture, parsers } = task;
  if (workers < 2 || capture.name !== 'afpacket' || parsers.length === 0)
    return openDescribedRun(task, scope, parts);
  const why = whyOneThread(task, parts.defaults);
  if (why === undefined) return openWorkers({ ...task, capture }, scope, parts);
  parts.log.info(
    { event: 'one-thread', why },
    `workers: ${workers}: they capture, and one thread decodes: ${why}`,
  );
  return openDescribedRun(task, scope, parts);
}

/** What only one thread can do; undefined where there is no such thing. */
function whyOneThread(task: TaskDescription, defaults: ReporterDefaults): string | undefined {
  const { packets, bytes } = task.limits;
  if (packets > 0) return 'limits.packets is exact';
  if (bytes > 0) return 'limits.bytes is exact';
  // RTCP comes seconds after its call has been described; RTP at once, and before another thread has heard of it.
  if (mediaOf(task, { defaults }) === 'all') return 'RTP is known by its calls';
  for (const reporter of reportersOf(task, { defaults })) {
    const why = whyOneReporter(reporter, defaults);
    if (why !== undefined) return `reporter ${reporter.id}: ${why}`;
  }
  return undefined;
}

function whyOneReporter(
  reporter: ReporterDescription,
  defaults: ReporterDefaults,
): string | undefined {
  if (reporter.fallback === 'spool') return 'its spool is one';
  switch (reporter.name) {
    case 'file':
    case 'upload':
      return 'its file is one';
    case 'mqtt':
      return (reporter.telemetryTopic ?? defaults.mqtt?.telemetryTopic) === undefined
        ? undefined
        : 'its telemetry counts all of it';
    default:
      return undefined;
  }
}

async function openWorkers(task: Capturing, scope: Scope, parts: RunParts): Promise<TaskRun> {
  const { stop, log, defaults, pace, openConsole } = parts;
  const { durationMs, idleMs } = task.limits;
  // Looked up once: its names mean the same to all.
  let filter = await readyTaskFilter(task.capture.bpfFilter);
  const autostop = new Autostop(
    { ...(durationMs > 0 && { durationMs }), ...(idleMs > 0 && { idleMs }) },
    { stop, log, size: undefined, text: limitText },
  );
  const writes = reportersOf(task, { defaults }).some(({ name }) => name === 'console');
  const run = await WorkersRun.open(
    {
      plans: Array.from({ length: task.workers }, (_, index) =>
        planOf({ ...task, capture: named(task.capture, filter) }, index, parts),
      ),
      openOutput: writes ? openConsole : undefined,
      ...{ stop, log, pace },
      onPackets: () => {
        autostop.noteArrival();
      },
    },
    scope,
  );
  const { interfaces, reporterNames } = run;
  return {
    ...{ run, autostop },
    watchdogs: captureWatchdogs(interfaces, task.capture.snapLength, log),
    started:
      `capturing on ${interfaces.join(', ')} in ${task.workers} threads, ` +
      `reporting to ${reporterNames.join(', ')}`,
    reporters: () => run.reporters(),
    pipelines: () => run.pipelines(),
    setFilter: async (expression) => {
      const next = await readyTaskFilter(expression);
      await run.setFilter(next, filter);
      filter = next;
    },
  };
}

/** With the names that addresses of interfaces and hosts mean, which only this thread can look up. */
function named({ interfaces, ...capture }: InterfaceCapture, bpfFilter: string): InterfaceCapture {
  const [first, ...others] = interfaces;
  const nameOf = (given: string) => interfaceNamed(given) ?? given;
  return { ...capture, bpfFilter, interfaces: [nameOf(first), ...others.map(nameOf)] };
}

/** What one of the workers does. @param index from 0 on */
function planOf(task: TaskDescription, index: number, parts: RunParts): WorkerPlan {
  const { defaults, who, spoolFolder, application } = parts;
  return {
    kind: 'task',
    task: {
      ...{ ...task, workers: 1, limits: NO_LIMITS },
      reporters: task.reporters.map((reporter) => ofWorker(reporter, index, defaults)),
    },
    ...{ defaults, spoolFolder, application },
    who: { ...who, pipelineId: index },
  };
}

/** A broker takes one client of a name at a time. */
function ofWorker(
  reporter: ReporterDescription,
  index: number,
  { mqtt }: ReporterDefaults,
): ReporterDescription {
  if (reporter.name !== 'mqtt' || index === 0) return reporter;
  const { clientId = mqtt?.clientId } = reporter;
  return { ...reporter, clientId: clientId === undefined ? undefined : `${clientId}-${index + 1}` };
}
