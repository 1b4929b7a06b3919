import type { Summary } from '#support/kcap-log.js';
import type { FrameSequence } from '#support/numbered-frames.js';
import type { Sample } from './sample.js';

/** Memory is flat where the last quarter's mean is at most so many times the second quarter's. */
const MAX_GROWTH = 1.1;

export interface Totals {
  readonly sent: number;
  readonly delivered: number;
  readonly read: FrameSequence['account'];
  /** What the two said at their ends. */
  readonly summaries: { readonly producer: Summary; readonly consumer: Summary };
}

export interface Verdict {
  /** The result, for people. */
  readonly lines: readonly string[];
  /** What is wrong; nothing, where all went well. */
  readonly faults: readonly string[];
}

export function verdictOf(samples: readonly Sample[], totals: Totals): Verdict {
  const { sent, delivered, read, summaries } = totals;
  const memory = (['producer', 'consumer'] as const).map((who) => memoryOf(samples, who));
  const faults = memory.flatMap(({ fault }) => fault ?? []);
  const expect = (what: string, found: number, expected: number): void => {
    if (found !== expected) faults.push(`${what}: ${found} instead of ${expected}`);
  };
  expect('delivered', delivered, sent);
  expect('read', read.frames, sent);
  expect('lost', read.missing, 0);
  expect('twice', read.repeated, 0);
  expect("in, by the producer's summary", summaries.producer.packets_in, sent);
  expect("out, by the producer's summary", summaries.producer.packets_out, sent);
  expect("dropped, by the producer's summary", summaries.producer.dropped_kernel, 0);
  expect("in, by the consumer's summary", summaries.consumer.packets_in, sent);
  expect("out, by the consumer's summary", summaries.consumer.packets_out, sent);
  return {
    lines: [
      `sent ${sent}, delivered ${delivered}, read ${read.frames}, lost ${read.missing}, twice ${read.repeated}`,
      ...memory.map(({ line }) => line),
    ],
    faults,
  };
}

function memoryOf(
  samples: readonly Sample[],
  who: 'producer' | 'consumer',
): { readonly line: string; readonly fault?: string } {
  const mib = samples.map((sample) => sample[who].residentMiB);
  const seconds = samples.at(-1)?.seconds ?? 0;
  const at = (time: number): string =>
    samples.find((sample) => sample.seconds >= time)?.[who].residentMiB.toFixed(1) ?? '-';
  const quarter = (n: number): number =>
    mean(mib.slice((mib.length * (n - 1)) / 4, (mib.length * n) / 4));
  const [second, last] = [quarter(2), quarter(4)];
  const line = [
    `memory of the ${who}: ${at(300)} MiB at 5 min, ${at(seconds / 2)} at half, ${at(seconds)} at the end,`,
    `at most ${Math.max(...mib).toFixed(1)}; mean of the quarters ${[1, 2, 3, 4].map((n) => quarter(n).toFixed(1)).join(', ')}`,
  ].join(' ');
  // Asked this way round, memory that is not known is not flat.
  if (last <= second * MAX_GROWTH) return { line };
  return {
    line,
    fault: `the ${who}'s memory grew from ${second.toFixed(1)} to ${last.toFixed(1)} MiB`,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
