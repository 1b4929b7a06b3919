import { type Case, unitOf } from '../cases.js';
import { CONTENDERS, type Contender } from '../contenders.js';
import type { Mode } from '../jobs/startup.js';
import type { Machine } from '../rig/machine.js';
import type { Run } from '../run.js';
import { type Spread, ratios, spread } from './statistics.js';

/** CPU-seconds to start and to end without a packet in between. */
export type StartupCpu = Readonly<Record<Mode, Partial<Record<Contender, Spread>>>>;

/** All that was measured, as --json writes it; docs/performance.md describes it. */
export interface Results {
  readonly version: 1;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** librdkafka properties given with -X, to every contender. */
  readonly properties: Readonly<Record<string, string>>;
  readonly startupCpuSeconds: StartupCpu;
  readonly cases: readonly CaseResult[];
}

export interface CaseResult {
  readonly case: Case;
  readonly unit: string;
  /** The share of the processors that was used by others just before, 0 to 1. */
  readonly busyBefore: number;
  readonly contenders: Partial<Record<Contender, Comparison>>;
  readonly runs: readonly Run[];
}

/** A contender in a case. Ratios are formed within a round, and then the median over the rounds is taken. */
export interface Comparison {
  readonly figure: Spread | undefined;
  readonly toC: Spread | undefined;
  readonly toBefore: Spread | undefined;
  readonly toPycapa: Spread | undefined;
  readonly toTcpdump: Spread | undefined;
  /** The ratio to C of what packets cost, without what starting costs. CPU-seconds only. */
  readonly toCBeyondStartup: Spread | undefined;
  readonly packetsPerSecond: Spread | undefined;
  /** Sum over the rounds. */
  readonly lost: number;
  readonly failures: readonly string[];
  readonly peakMiB: Spread | undefined;
  /** CPU-seconds of the broker for a million packets, where it is ours. */
  readonly brokerCpu: Spread | undefined;
  /** Bytes of the topic on the broker's disk. */
  readonly diskBytesPerPacket: Spread | undefined;
  readonly loopDelayP99Ms: Spread | undefined;
  readonly latencyP99Ms: Spread | undefined;
}

export function compare(
  spec: Case,
  runs: readonly Run[],
  { busyBefore, startup }: { readonly busyBefore: number; readonly startup: StartupCpu },
): CaseResult {
  const compared = runs.filter(({ probed }) => !probed);
  const present = CONTENDERS.filter((name) => runs.some(({ contender }) => contender === name));
  const beyondStartup = (run: Run): number | undefined => {
    const mode = modeOf(spec);
    const start = mode && startup[mode][run.contender]?.median;
    if (unitOf(spec) === 'ms' || run.figure === undefined || start === undefined) return undefined;
    return run.figure - (start / (run.packets?.arrived ?? NaN)) * 1e6;
  };
  const comparison = (name: Contender): Comparison => {
    const own = compared.filter(({ contender }) => contender === name);
    const over = (value: (run: Run) => number | undefined): Spread | undefined =>
      spread(own.flatMap((run) => value(run) ?? []));
    return {
      figure: over((run) => run.figure),
      toC: ratios(compared, name, 'c'),
      toBefore: ratios(compared, name, 'before'),
      toPycapa: ratios(compared, name, 'pycapa'),
      toTcpdump: ratios(compared, name, 'tcpdump'),
      toCBeyondStartup: ratios(compared, name, 'c', beyondStartup),
      packetsPerSecond: over((run) => run.packetsPerSecond),
      lost: own.reduce((sum, run) => sum + (run.packets?.lost ?? 0), 0),
      failures: own.flatMap(({ failure }) => failure ?? []),
      brokerCpu: over((run) => perPacket(run, (cost) => cost.cpuSeconds * 1e6)),
      diskBytesPerPacket: over((run) => perPacket(run, (cost) => cost.diskBytes)),
      peakMiB: over((run) => run.process && run.process.cost.peakKib / 1024),
      loopDelayP99Ms: spread(
        runs.flatMap((run) => (run.contender === name && run.process?.loopDelayP99Ms) || []),
      ),
      latencyP99Ms: over((run) => run.latency?.p99Ms),
    };
  };
  return {
    case: spec,
    unit: unitOf(spec),
    busyBefore,
    contenders: Object.fromEntries(present.map((name) => [name, comparison(name)])),
    runs,
  };
}

function perPacket(
  { broker, packets }: Run,
  value: (cost: NonNullable<Run['broker']>) => number,
): number | undefined {
  return broker && packets && value(broker) / packets.arrived;
}

/** How a case's contenders start, where that is measured apart from their turns. */
export function modeOf({ kind }: Case): Mode | undefined {
  if (kind === 'print' || kind === 'sip') return undefined;
  return kind === 'read' ? 'read' : 'send';
}
