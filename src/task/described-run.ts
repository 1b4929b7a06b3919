import type { Logger } from 'pino';
import type { ByteOutput } from '../files/byte-output.js';
import type { Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Pace } from '../pipeline/pace.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import type { Stop } from '../pipeline/stop.js';
import type { CallExchange } from '../sinks/call-exchange.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import { Autostop, limitText } from './autostop.js';
import { captureSize } from './capture-file.js';
import type { CaptureShare } from './capturing.js';
import { readyProcessing } from './described-processing.js';
import { openDescribedReporters, type ReporterDefaults } from './described-reporters.js';
import { openDescribedSource } from './described-source.js';
import type { UploadReporter } from './description/file-reporters.js';
import type { TaskDescription } from './description/task.js';
import type { AskTopic } from './topic-facts.js';

/** What a task's run needs beside its description. */
export interface RunParts {
  /** What the task's reporters and its Kafka start from. */
  readonly defaults: ReporterDefaults;
  readonly who: { readonly agentId: string; readonly pipelineId: number };
  /** Folder for the spools of this task. */
  readonly spoolFolder: string;
  readonly stop: Stop;
  /** Measures batches, where somebody wants to know. */
  readonly pace?: Pace;
  readonly log: Logger;
  /** Opens what console reporters write to. */
  readonly openConsole: () => ByteOutput;
  /** What writes a file, as pcapng says it. */
  readonly application: string;
  readonly openUpload?: OpenUpload;
  /** Where other threads do the same with other packets of the interfaces. */
  readonly share?: CaptureShare | undefined;
  /** Where those see media of the same calls, or their messages. */
  readonly calls?: CallExchange | undefined;
  /** Asks brokers in place of this thread, where that can't. */
  readonly askTopic?: AskTopic | undefined;
}

/** Opens, in the scope, what takes the packets of a task's upload. */
export type OpenUpload = (
  reporter: UploadReporter,
  task: TaskDescription,
  scope: Scope,
  log: Logger,
) => Promise<Sink>;

/** A task's run, open and not begun. Its parts belong to the scope. */
export interface DescribedRun {
  readonly run: PacketRun;
  readonly watchdogs: readonly Watchdog[];
  readonly autostop: Autostop;
  readonly reporterNames: readonly string[];
  /** To be said once it has begun. */
  readonly started: string;
  /** What each of the task's reporters has done with what it was given, by its id; of messages or of packets. */
  reporters(): ReadonlyMap<string, Account>;
  /** Takes only the packets that match another pcap-filter expression, from now on; throws a UserError for a wrong one. */
  setFilter(expression: string): Promise<void>;
}

/** Opens all that a task is to do, in the scope. Throws a UserError that says what is in the way. */
export async function openDescribedRun(
  task: TaskDescription,
  scope: Scope,
  parts: RunParts,
): Promise<DescribedRun> {
  const { stop, log, defaults } = parts;
  const { capture, workers } = task;
  const tellsNames = task.reporters.some(
    (reporter) => reporter.name === 'file' && reporter.format === 'pcapng',
  );
  const processing = await readyProcessing(task.processors, task.parsers.length > 0);
  const opened = await openDescribedSource(capture, {
    ...{ scope, workers, log, tellsNames, kafka: defaults.connection, share: parts.share },
  });
  const { branches, watchdogs, names, accounts } = await openDescribedReporters(task, scope, {
    ...{ ...parts, processing, waits: opened.waits, linkTypes: opened.linkTypes },
  });
  const autostop = openAutostop(task, { stop, log });
  return {
    run: new PacketRun(
      opened.source,
      [...opened.stages, ...processing.stages, ...autostop.stages],
      branches,
      parts.pace,
    ),
    watchdogs: [...watchdogs, ...opened.watchdogs],
    autostop,
    reporterNames: names,
    started: `${opened.how}, reporting to ${names.join(', ')}`,
    reporters: accounts,
    setFilter: (expression) => opened.setFilter(expression),
  };
}

function openAutostop(
  { limits: { packets, bytes, durationMs, idleMs } }: TaskDescription,
  parts: { readonly stop: Stop; readonly log: Logger },
): Autostop {
  // As a pcap file that would hold them.
  const format = { fileFormat: undefined, linkType: undefined, ring: undefined, application: '' };
  return new Autostop(
    {
      ...(packets > 0 && { packets }),
      ...(bytes > 0 && { fileBytes: bytes }),
      ...(durationMs > 0 && { durationMs }),
      ...(idleMs > 0 && { idleMs }),
    },
    { ...parts, size: captureSize(format, undefined), text: limitText },
  );
}
