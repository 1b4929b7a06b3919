import { packetsWithFate, underWay, withFate, type Account } from '../pipeline/account.js';
import type { Histogram } from '../pipeline/histogram.js';
import type { Pace } from '../pipeline/pace.js';
import type { TaskDescription } from '../task/description/task.js';
import type { TaskState, TaskStatus } from '../task/task-status.js';
import type { CommandCount } from './command-counts.js';

/** A task as metrics see it. */
export interface MeasuredTask extends TaskStatus {
  readonly description: TaskDescription;
  readonly pace: Pace;
}

/** The agent as metrics see it, at the moment of a scrape. */
export interface Measured {
  readonly tasks: readonly MeasuredTask[];
  readonly commands: Iterable<CommandCount>;
  /** Captures on demand, by where the wish for them came from and what became of them. */
  readonly captures: Iterable<{
    readonly source: string;
    readonly result: string;
    readonly count: number;
  }>;
  /** How many that targets would not take have been removed for newer ones. */
  readonly droppedCaptures: number;
  /** What the program is made of. */
  readonly build: Readonly<Record<string, string>>;
}

type Labels = Readonly<Record<string, string>>;

/** Value and labels of one time series. */
export interface Sample<Value> {
  readonly labels: Labels;
  readonly value: Value;
}

interface Definition<Value> {
  /** Behind the prefix. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly help: string;
  read(measured: Measured): Iterable<Sample<Value>>;
}

export type MetricDefinition =
  | ({ readonly kind: 'counter' | 'gauge' } & Definition<number>)
  | ({ readonly kind: 'histogram' } & Definition<Histogram>);

const STATES: readonly TaskState[] = [
  ...(['created', 'starting', 'running', 'stopping', 'stopped', 'failed'] as const),
];

/**
 * All metrics but the process's own. Nothing is counted for them: they are read from the tasks' accounts when they are
 * asked for, so that the series of a task that is deleted are gone with it. No label has values without a bound.
 */
export const METRICS: readonly MetricDefinition[] = [
  {
    ...{ kind: 'counter', name: 'capture_packets_total', labels: ['task', 'interface'] },
    help: 'Packets taken from the interfaces, or from whatever a task reads',
    *read({ tasks }) {
      for (const { id, account, description } of tasks)
        for (const [name, { packets }] of account.sources ?? [[sourceOf(description), account.in]])
          yield { labels: { task: id, interface: name }, value: packets };
    },
  },
  {
    ...{ kind: 'counter', name: 'capture_drops_total', labels: ['task', 'stage'] },
    help: 'Packets lost before they were taken: in the kernel, whose buffer was full, or in the interface',
    *read({ tasks }) {
      for (const { id: task, account } of tasks) {
        const { dropped_kernel: kernel = 0, dropped_interface: ofInterface = 0 } = account.beside;
        yield { labels: { task, stage: 'kernel' }, value: kernel };
        yield { labels: { task, stage: 'interface' }, value: ofInterface };
      }
    },
  },
  {
    ...{ kind: 'counter', name: 'pipeline_packets_total', labels: ['task', 'pipeline', 'stage'] },
    help: 'Packets decoded, SIP messages parsed, either of them filtered out or reported by all reporters together; and packets that ended otherwise, by the id of the cause',
    *read({ tasks }) {
      for (const { id: task, pipelines } of tasks)
        for (const [index, { account, reporters }] of pipelines.entries())
          for (const [stage, value] of stagesOf(account, reporters))
            yield { labels: { task, pipeline: String(index + 1), stage }, value };
    },
  },
  {
    ...{ kind: 'histogram', name: 'pipeline_latency_seconds', labels: ['task', 'stage'] },
    help: 'How long a batch of packets takes: process (filters and limits), decode (with parsing), report (until all reporters have it)',
    *read({ tasks }) {
      for (const { id: task, pace } of tasks)
        for (const [stage, value] of pace.seconds) yield { labels: { task, stage }, value };
    },
  },
  {
    ...{ kind: 'gauge', name: 'task_status', labels: ['task', 'status'] },
    help: '1 for the state that a task is in, 0 for the others',
    *read({ tasks }) {
      for (const { id: task, state } of tasks)
        for (const status of STATES)
          yield { labels: { task, status }, value: status === state ? 1 : 0 };
    },
  },
  {
    ...{ kind: 'gauge', name: 'reassembly_active_fragments', labels: [] },
    help: 'Fragments that wait for others of their datagrams, of all tasks',
    *read({ tasks }) {
      const held = tasks.map(({ account }) => account.messages?.fragmentsHeld ?? 0);
      yield { labels: {}, value: held.reduce((total, fragments) => total + fragments, 0) };
    },
  },
  {
    ...{ kind: 'histogram', name: 'reporter_batch_size', labels: ['task', 'reporter'] },
    help: 'Packets, or SIP messages, that a reporter is given at once',
    *read({ tasks }) {
      for (const { id: task, pace } of tasks)
        for (const [reporter, value] of pace.sizes) yield { labels: { task, reporter }, value };
    },
  },
  {
    ...{ kind: 'counter', name: 'reporter_sent_total', labels: ['task', 'reporter'] },
    help: 'Packets, or SIP messages, that went out; to Kafka, once the brokers have acknowledged them',
    *read({ tasks }) {
      for (const [labels, { out }] of reportersOf(tasks)) yield { labels, value: out.packets };
    },
  },
  {
    ...{ kind: 'counter', name: 'reporter_errors_total' },
    labels: ['task', 'reporter', 'error_type'],
    help: 'Packets, or SIP messages, that a reporter has lost, by the id of the cause',
    *read({ tasks }) {
      for (const [labels, account] of reportersOf(tasks))
        for (const { cause, packets } of withFate(account, 'failed'))
          yield { labels: { ...labels, error_type: cause.id }, value: packets };
    },
  },
  {
    ...{ kind: 'gauge', name: 'reporter_queue_bytes', labels: ['task', 'reporter'] },
    help: 'Bytes that a reporter has been given and that are not out yet',
    *read({ tasks }) {
      for (const [labels, account] of reportersOf(tasks))
        yield { labels, value: Math.max(underWay(account).bytes, 0) };
    },
  },
  {
    ...{ kind: 'gauge', name: 'spool_packets', labels: ['task'] },
    help: 'Packets that wait on disk',
    *read({ tasks }) {
      for (const { id: task, account } of tasks)
        yield { labels: { task }, value: packetsWithFate(account, 'spooled') };
    },
  },
  {
    ...{ kind: 'counter', name: 'commands_total', labels: ['channel', 'command', 'result'] },
    help: 'Commands, by what became of them; unknown ones without a name',
    *read({ commands }) {
      for (const { count, channel, command, result } of commands)
        yield { labels: { channel, command, result }, value: count };
    },
  },
  {
    ...{ kind: 'counter', name: 'triggered_captures_total', labels: ['source', 'result'] },
    help: 'Captures on demand, by what became of them',
    *read({ captures }) {
      for (const { count, source, result } of captures)
        yield { labels: { source, result }, value: count };
    },
  },
  {
    ...{ kind: 'counter', name: 'failed_captures_dropped_total', labels: [] },
    help: 'Captures on demand that waited in data_dir/failed and were removed for newer ones',
    *read({ droppedCaptures }) {
      yield { labels: {}, value: droppedCaptures };
    },
  },
  {
    ...{ kind: 'gauge', name: 'build_info' },
    labels: ['version', 'node', 'librdkafka', 'libpcap'],
    help: '1; the labels are the versions of the program and its libraries',
    *read({ build }) {
      yield { labels: build, value: 1 };
    },
  },
];

/** The interfaces, or what else the packets come from. */
function sourceOf({ capture }: TaskDescription): string {
  return capture.name === 'afpacket' ? capture.interfaces.join(',') : capture.name;
}

function* stagesOf(
  account: Account,
  reporters: MeasuredTask['reporters'],
): Iterable<readonly [stage: string, count: number]> {
  const { messages, outcomes } = account;
  yield ['decoded', account.in.packets];
  if (messages) yield ['parsed', messages.found];
  yield ['filtered', packetsWithFate(account, 'filtered') + (messages?.filtered ?? 0)];
  let reported = 0;
  for (const { out } of reporters.values()) reported += out.packets;
  yield ['reported', reported];
  for (const { cause, packets } of outcomes.values()) yield [cause.id, packets];
}

function* reportersOf(
  tasks: readonly MeasuredTask[],
): Iterable<readonly [labels: Labels, account: Account]> {
  for (const { id: task, reporters } of tasks)
    for (const [reporter, account] of reporters) yield [{ task, reporter }, account];
}
