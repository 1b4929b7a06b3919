import { interfaceNamed } from '../../capture/devices.js';
import type { Run } from '../../pipeline/run.js';
import type { Scope } from '../../pipeline/scope.js';
import { Autostop } from '../autostop.js';
import { captureWatchdogs } from '../capturing.js';
import type { ReportTarget } from '../report-target.js';
import { openSensing, type Sensing, type SensingOptions } from '../sensing.js';
import type { LiveSensing, WorkerPlan } from './messages.js';
import { WorkersRun } from './workers-run.js';

/** A sensor's options, its filters also as they were written. */
export interface WrittenSensing extends SensingOptions {
  readonly filterTexts: readonly string[];
}

/** A sensor's run, in one thread or in several. */
export type AnySensing = Omit<Sensing, 'run'> & { readonly run: Run };

/**
 * Opens all that a sensor takes, in the scope: in as many threads as it has workers, where nothing is asked that only one
 * of them can do.
 */
export async function openSensor(
  options: WrittenSensing,
  scope: Scope,
  parts: Parameters<typeof openSensing>[2],
): Promise<AnySensing> {
  const { packets } = options;
  if (packets.kind !== 'capture' || 'files' in packets.options.from || packets.options.workers < 2)
    return openSensing(options, scope, parts);
  const { workers } = packets.options;
  const why = whyOneThread(options);
  if (why === undefined)
    return openWorkers({ ...options, packets, filters: options.filterTexts }, scope, parts);
  parts.log.info(
    { event: 'one-thread', why },
    `--workers ${workers}: they capture, and one thread decodes: ${why}`,
  );
  return openSensing(options, scope, parts);
}

/** What only one thread can do; undefined where there is no such thing. */
function whyOneThread({
  maxPackets,
  autostop,
  media,
  targets,
}: SensingOptions): string | undefined {
  if (maxPackets > 0 || autostop.packets !== undefined) return 'the number of packets is exact';
  // RTCP comes seconds after its call has been described; RTP at once, and before another thread has heard of it.
  if (media === 'all') return 'RTP is known by its calls';
  if (targets.some((target) => target.kind === 'mqtt' && target.telemetry !== undefined))
    return 'telemetry counts all of it';
  return undefined;
}

async function openWorkers(
  { autostop: conditions, ...options }: LiveSensing,
  scope: Scope,
  { stop, log, openOutput, onCaptureOpen }: Parameters<typeof openSensing>[2],
): Promise<AnySensing> {
  const { targets, packets } = options;
  const { workers, snapLength } = packets.options;
  const autostop = new Autostop(conditions, { stop, log, size: undefined });
  const writes = targets.some(({ kind }) => kind === 'text' || kind === 'json');
  const run = await WorkersRun.open(
    {
      plans: Array.from({ length: workers }, (__, index): WorkerPlan => {
        const [first, ...others] = targets;
        const own: LiveSensing = {
          ...{ ...options, autostop: {}, packets: named(packets) },
          targets: [ofWorker(first, index), ...others.map((target) => ofWorker(target, index))],
          who: { ...options.who, pipelineId: index },
        };
        return { kind: 'sip', options: own };
      }),
      openOutput: writes ? openOutput : undefined,
      ...{ stop, log, onCaptureOpen },
      onPackets: () => {
        autostop.noteArrival();
      },
    },
    scope,
  );
  const { interfaces, reporterNames } = run;
  return {
    ...{ run, autostop, reporterNames, topic: undefined },
    watchdogs: captureWatchdogs(interfaces, snapLength, log),
    started:
      `capturing on ${interfaces.join(', ')} in ${workers} threads, ` +
      `reporting SIP to ${reporterNames.join(', ')}`,
  };
}

/** With the names of interfaces that are given by an address, which only this thread can look up. */
function named({ kind, options }: LiveSensing['packets']): LiveSensing['packets'] {
  const { from } = options;
  if (!('interfaces' in from)) return { kind, options };
  const interfaces = from.interfaces.map((given) => interfaceNamed(given) ?? given);
  return { kind, options: { ...options, from: { interfaces } } };
}

/** A broker takes one client of a name at a time. */
function ofWorker(target: ReportTarget, index: number): ReportTarget {
  if (target.kind !== 'mqtt' || target.clientId === undefined || index === 0) return target;
  return { ...target, clientId: `${target.clientId}-${index + 1}` };
}
