import { CONTENDERS, type Contender } from '../contenders.js';
import type { Run, SoakSample } from '../run.js';
import type { CaseResult, Comparison, StartupCpu } from './results.js';
import type { Spread } from './statistics.js';

/** Above this share of the processors used by others, figures say little. */
const BUSY = 0.15;

type Column = readonly [title: string, cell: (comparison: Comparison) => string];

const RATIOS: readonly Column[] = [
  ['x C', ({ toC }) => ratio(toC)],
  ['x before', ({ toBefore }) => ratio(toBefore)],
  ['x pycapa', ({ toPycapa }) => ratio(toPycapa)],
  ['x tcpdump', ({ toTcpdump }) => ratio(toTcpdump)],
];
const COST: readonly Column[] = [
  ['CPU-s/Mpkt', ({ figure }) => number(figure, 3)],
  ...RATIOS,
  ['x C beyond start', ({ toCBeyondStartup }) => number(toCBeyondStartup, 2)],
  ['packets/s', ({ packetsPerSecond }) => thousands(packetsPerSecond)],
  ['lost', ({ lost }) => String(lost)],
  ['peak MiB', ({ peakMiB }) => number(peakMiB, 0)],
  ['broker CPU-s/Mpkt', ({ brokerCpu }) => number(brokerCpu, 2)],
  ['disk B/pkt', ({ diskBytesPerPacket }) => number(diskBytesPerPacket, 0)],
  ['loop p99 ms', ({ loopDelayP99Ms }) => number(loopDelayP99Ms, 1)],
];
const LATENCY: readonly Column[] = [
  ['median ms', ({ figure }) => number(figure, 1)],
  ['p99 ms', ({ latencyP99Ms }) => number(latencyP99Ms, 1)],
  ...RATIOS,
];
const START: readonly Column[] = [['ms', ({ figure }) => number(figure, 0)], ...RATIOS];

/** A case as a table for the terminal, and below it what went wrong. */
export function showCase(result: CaseResult): string {
  const { kind, name, title } = result.case;
  const columns = {
    latency: LATENCY,
    start: START,
    capture: COST,
    spool: COST,
    file: COST,
    read: COST,
    soak: COST,
    print: COST,
    sip: COST,
  }[kind];
  const shown = columns.filter(([, cell]) =>
    CONTENDERS.some((contender) => {
      const comparison = result.contenders[contender];
      return comparison && cell(comparison) !== '';
    }),
  );
  const rows = CONTENDERS.flatMap((contender) => {
    const comparison = result.contenders[contender];
    return comparison ? [[contender, ...shown.map(([, cell]) => cell(comparison))]] : [];
  });
  return [
    `\n${name}: ${title}`,
    aligned([['', ...shown.map(([heading]) => heading)], ...rows]),
    ...remarks(result),
  ].join('\n');
}

export function showStartup(startup: StartupCpu): string {
  const rows = (['send', 'read'] as const).flatMap((mode) => {
    const cells = CONTENDERS.map((contender) => number(startup[mode][contender], 3));
    return cells.every((cell) => cell === '') ? [] : [[mode, ...cells]];
  });
  return [
    '\nCPU-seconds to start and end without a packet',
    aligned([['', ...CONTENDERS], ...rows]),
  ].join('\n');
}

function remarks({ busyBefore, contenders, runs }: CaseResult): string[] {
  const lines: string[] = [];
  if (busyBefore > BUSY)
    lines.push(`! the machine was ${Math.round(busyBefore * 100)} % busy with other things`);
  for (const contender of CONTENDERS) {
    for (const failure of contenders[contender]?.failures ?? [])
      lines.push(`! ${contender} failed: ${failure}`);
    const where = whereLost(contender, runs);
    if (where !== undefined) lines.push(where);
  }
  for (const { contender, samples } of runs) if (samples) lines.push(overTime(contender, samples));
  return lines;
}

function whereLost(contender: Contender, runs: readonly Run[]): string | undefined {
  const packets = runs.flatMap(
    (run) => (run.contender === contender && !run.probed && run.packets) || [],
  );
  const sum = (value: (of: (typeof packets)[number]) => number): number =>
    packets.reduce((total, each) => total + value(each), 0);
  const [sent, lost] = [sum((of) => of.sent), sum((of) => of.lost)];
  if (lost === 0) return undefined;
  return [
    `! ${contender} lost ${lost} of ${sent} (${((lost / sent) * 100).toFixed(2)} %):`,
    `dropped by the kernel ${sum((of) => of.droppedByKernel)},`,
    `failed ${sum((of) => of.failed)}, unaccounted ${sum((of) => of.unaccounted)}`,
  ].join(' ');
}

/** Memory and cost of a long run's parts. */
function overTime(contender: Contender, samples: readonly SoakSample[]): string {
  const parts = Array.from({ length: 10 }, (_, part) => {
    const [from, to] = [part, part + 1].map(
      (boundary) => samples[Math.floor(((samples.length - 1) * boundary) / 10)],
    );
    if (!from || !to || from === to) return [];
    const millions = (to.arrived - from.arrived) / 1e6;
    const cpu = (to.cpuSeconds - from.cpuSeconds) / millions;
    return [[`${from.second}-${to.second} s`, to.residentMiB.toFixed(1), cpu.toFixed(3)]];
  }).flat();
  return `${contender}, over time:\n${aligned([['', 'MiB', 'CPU-s/Mpkt'], ...parts])}`;
}

function ratio(value: Spread | undefined): string {
  return value === undefined
    ? ''
    : `${value.median.toFixed(2)} (${value.min.toFixed(2)}-${value.max.toFixed(2)})`;
}

function number(value: Spread | undefined, digits: number): string {
  return value === undefined ? '' : value.median.toFixed(digits);
}

function thousands(value: Spread | undefined): string {
  return value === undefined ? '' : `${(value.median / 1000).toFixed(0)}k`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
