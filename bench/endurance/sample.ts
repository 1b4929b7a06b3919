import type { FrameSequence } from '#support/numbered-frames.js';
import type { ProcessSample } from '../rig/process-sample.js';

/** How things stand at one time of a long run. */
export interface Sample {
  /** Since the traffic began. */
  readonly seconds: number;
  /** Packets that the wire has taken, the topic holds or has held, and the consumer has written. */
  readonly sent: number;
  readonly delivered: number;
  readonly read: FrameSequence['account'];
  readonly producer: ProcessSample;
  readonly consumer: ProcessSample;
}

const COLUMNS: readonly (readonly [
  title: string,
  cell: (last: Sample, first: Sample) => string,
])[] = [
  ['s', (last) => last.seconds.toFixed(0)],
  ['sent', (last) => String(last.sent)],
  ['delivered', (last) => String(last.delivered)],
  ['read', (last) => String(last.read.frames)],
  ['lost', (last) => String(last.read.missing)],
  ['twice', (last) => String(last.read.repeated)],
  ['producer MiB', (last) => last.producer.residentMiB.toFixed(1)],
  ['CPU %', (last, first) => share(first, last, 'producer')],
  ['consumer MiB', (last) => last.consumer.residentMiB.toFixed(1)],
  ['CPU %', (last, first) => share(first, last, 'consumer')],
];
const WIDTH = 12;

export const TABLE_HEAD = COLUMNS.map(([title]) => title.padStart(WIDTH)).join(' ');

/** A line of the table: how things stood at the last of these samples, and what they cost since the first. */
export function lineOf(samples: readonly Sample[]): string {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return '';
  return COLUMNS.map(([, cell]) => cell(last, first).padStart(WIDTH)).join(' ');
}

function share(first: Sample, last: Sample, who: 'producer' | 'consumer'): string {
  const used = last[who].cpuSeconds - first[who].cpuSeconds;
  return ((used / (last.seconds - first.seconds)) * 100).toFixed(1);
}
