import { availableParallelism } from 'node:os';

/** Test files that may run at the same time. */
export interface Lane {
  /** In the order in which they begin. */
  readonly files: readonly string[];
  /** How many of them run at once, each in a process of its own. */
  readonly width: number;
}

/** Lanes that run side by side. Those of the first one give way to the others, by their priority. */
export type Stage = readonly Lane[];

const PROCESSORS = availableParallelism();

/**
 * Those that need a processor: they send at a rate and expect no drop, or end a broker and hold how long kcap takes to
 * stop then. They run one by one, and the others beside them give way. Mostly they wait.
 */
export const PACED = [
  'commands/spool',
  'commands/broker-cluster',
  'commands/consume-obstructed',
  'commands/broker-away',
  'commands/watch',
  'commands/agent-outage',
  'commands/on-demand-memory',
  'commands/broker-outage',
  'commands/on-demand-pace',
  'commands/overload',
  'commands/produce-stop',
  'commands/produce-workers',
  'commands/produce-far',
  'support/veth',
];

/** Those that need the machine for themselves: they send at the highest rate. */
export const ALONE = ['commands/produce-rate'];

/** Those of the others that take longest, the longest first. They begin first, so that none trails. */
export const LONG = [
  'package',
  'commands/secured-refusals',
  'sources/damaged-files-property',
  'docs/commands',
  'commands/secured-ways-in',
  'commands/files',
  'commands/produce-file',
  'commands/agent',
  'commands/consume',
  'commands/produce-damaged',
  'commands/extcap',
  'commands/usage',
  'commands/completion',
  'commands/consume-restarts',
  'commands/consume-standstill',
  'commands/consume-groups',
  'commands/consume-range',
  'interop/corpus',
  'commands/packed',
  'commands/agent-killed',
  'commands/agent-tasks',
  'files/compressed-input',
  'commands/print',
  'commands/consume-topic-changes',
  'decode/stream/segment-flood',
  'commands/on-demand',
  'agent/socket-channel',
  'commands/consume-hostile',
  'commands/produce-own-traffic',
  'commands/produce-interface',
  'commands/produce-interfaces',
  'commands/extcap-capture',
  'commands/sip-mqtt',
  'documents/hostile-documents-property',
  'commands/produce-refusing-kernel',
  'commands/sip-usage',
  'interop/sip-parts',
  'kafka/refused-requests',
  'docs/on-demand',
  'commands/agent-remote',
  'interop/sip-dissectors',
  'commands/consume-slack',
  'agent/kafka-channel',
  'commands/sip',
  'task/described-run',
  'kafka/missing-partition',
  'support/real-kafka',
];

/** Shares the files out to stages, which run one after the other. */
export function stagesOf(files: readonly string[]): Stage[] {
  const named = (names: readonly string[]) =>
    names.flatMap((name) => files.filter((file) => isNamed(file, name)));
  const [paced, alone, long] = [named(PACED), named(ALONE), named(LONG)];
  const special = new Set([...paced, ...alone, ...long]);
  const stages = [
    [
      // More than there are processors: much of what tests do is to wait for brokers, groups and timeouts.
      {
        files: [...long, ...files.filter((file) => !special.has(file))],
        width: 2 * PROCESSORS,
      },
      { files: paced, width: 1 },
    ],
    [{ files: alone, width: 1 }],
  ];
  // Without a file, the runner would look for some itself.
  return stages
    .map((lanes) => lanes.filter((lane) => lane.files.length > 0))
    .filter((lanes) => lanes.length > 0);
}

/** Whether a test file leaves the processors to those beside it. */
export function givesWay(file: string): boolean {
  return ![...PACED, ...ALONE].some((name) => isNamed(file, name));
}

function isNamed(file: string, name: string): boolean {
  return file.endsWith(`/${name}.test.js`);
}
