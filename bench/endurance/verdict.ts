import type { Summary } from '#support/kcap-log.js';
import type { FrameSequence } from '#support/numbered-frames.js';
import { flatMemory } from './flat-memory.js';
import type { Sample } from './sample.js';

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
  const memory = (['producer', 'consumer'] as const).map((who) =>
    flatMemory(
      who,
      samples.map((sample) => ({
        ...{ seconds: sample.seconds, residentMiB: sample[who].residentMiB },
      })),
    ),
  );
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

export function showVerdict({ lines, faults }: Verdict): void {
  console.log(['', ...lines, ...faults.map((fault) => `! ${fault}`)].join('\n'));
  console.log(faults.length === 0 ? 'nothing lost, nothing twice, memory flat' : 'not passed');
}
