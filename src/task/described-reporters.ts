import type { ReassemblyLimits } from '../decode/reassembly/reassembler.js';
import { ALL_TUNNELS, TUNNEL_NAMES } from '../decode/tunnel/tunnel.js';
import { messageOf, UserError } from '../errors/user-error.js';
import type { Account } from '../pipeline/account.js';
import { Branch } from '../pipeline/branch.js';
import type { Scope } from '../pipeline/scope.js';
import type { WaitingBound } from '../sinks/encoded-reporter.js';
import type { ReportedMedia } from '../sinks/media-reader.js';
import { SipMessages } from '../sinks/sip-messages.js';
import { SipReader } from '../sinks/sip-reader.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import type { DescribedProcessing } from './described-processing.js';
import { openMessageReporters, openPacketReporters } from './described-fallbacks.js';
import type { RunParts } from './described-run.js';
import type { KafkaConnection } from './description/kafka-connection.js';
import {
  TAKES,
  type HepReporter,
  type KafkaReporter,
  type MqttReporter,
  type ReporterDescription,
} from './description/reporters.js';
import type { Reporting } from './description/reporting.js';
import { TUNNELS, type TaskDescription } from './description/task.js';

/** Records that may wait for a reporter of packets that must not hold up others. */
const WAITING_BYTES = 32 * 1024 * 1024;

const NO_CONNECTION: KafkaConnection = {
  ...{ brokers: undefined, sasl: undefined, tls: undefined },
  properties: new Map(),
};

/** What reporters start from: the agent's configuration. */
export interface ReporterDefaults {
  /** Its Kafka. */
  readonly connection: KafkaConnection | undefined;
  /** Its `reporters.kafka`, `.hep` and `.mqtt`. */
  readonly kafka: KafkaDefaults | undefined;
  readonly hep: Omit<HepReporter, 'name' | keyof Reporting> | undefined;
  readonly mqtt: Omit<MqttReporter, 'name' | keyof Reporting> | undefined;
  /** Tunnels that are looked into where a task names none; undefined for all. */
  readonly tunnels?: TaskDescription['decoder']['tunnels'];
  /** Of its `core.decoder.ip_reassembly`. */
  readonly reassembly?: Partial<ReassemblyLimits>;
  /** Of its `backpressure.reporter`. */
  readonly sendTimeoutMs?: number;
  readonly maxRetries?: number;
  /** Of its `backpressure.send_buffer`. */
  readonly sendBuffer?: {
    /** Most messages that wait for a reporter. */
    readonly messages: number;
    readonly drops: NonNullable<WaitingBound['drops']>;
  };
}

type KafkaDefaults = Pick<KafkaReporter, 'topic' | 'topicPrefix' | 'connection'> &
  Partial<Pick<Reporting, 'batchSize' | 'batchTimeoutMs'>>;

/** How a task's packets come to its reporters. */
export interface ReporterParts extends RunParts {
  readonly processing: DescribedProcessing;
  /** Whether the packets lose nothing by waiting, but there. */
  readonly waits: boolean;
  /** LINKTYPE_ numbers of the packets, as far as they are known before the first. */
  readonly linkTypes: ReadonlySet<number>;
}

/** What those of messages are opened with, too. */
export interface MessageReporterParts extends ReporterParts {
  readonly media: ReportedMedia;
}

interface DescribedReporters {
  readonly branches: readonly [Branch, ...Branch[]];
  readonly watchdogs: readonly Watchdog[];
  /** What they are, for people. */
  readonly names: readonly string[];
  readonly accounts: () => ReadonlyMap<string, Account>;
}

/** Opens all reporters of a task in the scope: those of messages share a branch, each of packets has its own. */
export async function openDescribedReporters(
  task: TaskDescription,
  scope: Scope,
  parts: ReporterParts,
): Promise<DescribedReporters> {
  const described = reportersOf(task, parts);
  const findsMessages = task.parsers.length > 0;
  const ofMessages = described.filter((reporter) => takesMessages(reporter, findsMessages));
  const ofPackets = described.filter((reporter) => !ofMessages.includes(reporter));
  const watchdogs: Watchdog[] = [];
  const branches: Branch[] = [];
  const accounts: (() => readonly (readonly [id: string, Account])[])[] = [];

  if (ofMessages.length > 0) {
    const media = mediaOf(task, parts);
    const reporters = await openMessageReporters(ofMessages, task, scope, { ...parts, media });
    const reader = new SipReader({
      ...{ filters: parts.processing.filters, reassembles: task.decoder.reassembles },
      ...{ tunnels: tunnelsOf(task, parts), media },
      ...{ reassembly: parts.defaults.reassembly, calls: parts.calls },
    });
    branches.push(
      new Branch({ name: 'messages', sink: new SipMessages(reader, reporters, parts.pace) }),
    );
    accounts.push(() => reporters.map((reporter) => [reporter.name, reporter.account()]));
  }
  for (const { id, sink, ...opened } of await openPacketReporters(ofPackets, task, scope, parts)) {
    const branch = new Branch({
      ...{ name: id, sink, stages: parts.processing.packetStages() },
      pace: parts.pace,
      whenSlow: parts.waits || described.length === 1 ? 'wait' : { dropBeyondBytes: WAITING_BYTES },
      onFailure: (error) => {
        parts.log.error({ event: 'reporter-failed', reporter: id }, `${id}: ${messageOf(error)}`);
      },
    });
    branches.push(branch);
    watchdogs.push(...opened.watchdogs);
    accounts.push(() => [[id, branch.account()]]);
  }
  const [first, ...others] = branches;
  if (!first) throw new UserError(`task ${task.id}`, 'it has no reporter', { exitStatus: 2 });
  return {
    ...{ branches: [first, ...others], watchdogs, names: described.map(({ id }) => id) },
    accounts: () => new Map(accounts.flatMap((of) => of())),
  };
}

/** The reporters that a task has, also where it names none. */
export function reportersOf(
  task: TaskDescription,
  parts: Pick<ReporterParts, 'defaults'>,
): readonly ReporterDescription[] {
  return task.reporters.length > 0 ? task.reporters : [usualReporter(task, parts)];
}

/** Of tunnels that a task can't name, all are looked into. */
function tunnelsOf({ decoder }: TaskDescription, { defaults }: ReporterParts): number {
  const tunnels = decoder.tunnels ?? defaults.tunnels;
  if (!tunnels) return ALL_TUNNELS;
  const closed = TUNNELS.filter((name) => !tunnels.includes(name));
  return closed.reduce((open, name) => open & ~(TUNNEL_NAMES.get(name) ?? 0), ALL_TUNNELS);
}

/** Which media a task reports: collectors of HEP expect RTCP. */
export function mediaOf(
  { parsers, reporters }: TaskDescription,
  { defaults }: Pick<ReporterParts, 'defaults'>,
): ReportedMedia {
  if (parsers.some(({ name }) => name === 'rtp')) return 'all';
  const expectsRtcp = reporters.some(
    (reporter) => reporter.name === 'hep' && (reporter.version ?? defaults.hep?.version ?? 3) === 3,
  );
  return expectsRtcp ? 'rtcp' : 'none';
}

function takesMessages({ name }: ReporterDescription, findsMessages: boolean): boolean {
  const takes = TAKES[name];
  return takes === 'messages' || (takes === 'either' && findsMessages);
}

/** Of a task in the short form, which names none: the agent's Kafka, where it has a topic for messages, or the console. */
function usualReporter(
  { parsers }: TaskDescription,
  { defaults }: Pick<ReporterParts, 'defaults'>,
): ReporterDescription {
  const reporting = {
    ...{ batchSize: undefined, batchTimeoutMs: undefined, fallback: undefined },
    ...{ sendTimeoutMs: undefined, maxRetries: undefined },
  };
  const { kafka } = defaults;
  const hasTopic = kafka?.topic !== undefined || kafka?.topicPrefix !== undefined;
  if (parsers.length === 0 || !hasTopic)
    return { ...reporting, name: 'console', id: 'console', format: 'text' };
  return {
    ...{ ...reporting, name: 'kafka', id: 'kafka', topic: undefined, topicPrefix: undefined },
    connection: NO_CONNECTION,
  };
}
