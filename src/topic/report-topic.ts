import type { Logger } from 'pino';
import type { KeyUnit } from '../kafka/batch-consumer.js';
import { Cluster, type Watermarks } from '../kafka/cluster.js';
import type { Properties } from '../kafka/properties.js';
import type { Microseconds } from '../packet/timestamp.js';
import type { ReportedPartition, TopicReport } from './topic-report.js';
import { sampleTopic, type TopicSample } from './topic-sample.js';
import { askForSettings } from './topic-settings.js';
import { warningsOf } from './topic-warnings.js';

/** All that `kcap topic` does, in ms. */
const LIMIT_MS = 9_500;
/** The least that is left for the sample, whatever the rest took. */
const LEAST_SAMPLE_MS = 1_000;
const SETTINGS_LIMIT_MS = 3_000;

export interface ReportOptions {
  readonly topic: string;
  readonly properties: Properties;
  readonly keyUnit: KeyUnit;
  /** How long packets are to be kept, in ms; undefined where nobody says. */
  readonly keepMs: number | undefined;
}

/** Asks the cluster; throws a UserError where the topic can't be found, and notes all else that fails. */
export async function reportTopic(options: ReportOptions, log: Logger): Promise<TopicReport> {
  const { topic, properties, keyUnit, keepMs } = options;
  const endsAt = performance.now() + LIMIT_MS;
  const facts = { role: 'consumer', topic, properties } as const;
  const { leaders, watermarks } = await Cluster.ask(facts, log, async (cluster, partitions) => {
    const { leaders } = cluster;
    const led = partitions.filter((id) => leaders.get(id) !== undefined);
    return { leaders, watermarks: led.length === 0 ? [] : await cluster.watermarks(led) };
  });
  const limitMs = Math.max(endsAt - performance.now(), LEAST_SAMPLE_MS);
  const [{ settings, problem }, sample] = await Promise.all([
    askForSettings(facts, Math.min(SETTINGS_LIMIT_MS, limitMs)),
    sampleTopic({ topic, properties, watermarks, keyUnit, limitMs }, log),
  ]);
  const partitions = partitionsOf(leaders, watermarks);
  const messages = watermarks.reduce((sum, { low, high }) => sum + high - low, 0);
  const measured = {
    topic,
    partitions,
    messages,
    estimatedBytes: estimate(messages, sample),
    settings,
    sample,
    messagesPerSecond: rate(messages, sample.first, sample.last),
  };
  const nowMs = Date.now();
  return { ...measured, warnings: warningsOf(measured, { problem, keepMs, nowMs }) };
}

function partitionsOf(
  leaders: ReadonlyMap<number, number | undefined>,
  watermarks: readonly Watermarks[],
): ReportedPartition[] {
  const marks = new Map(watermarks.map((marks) => [marks.partition, marks]));
  return [...leaders]
    .map(([id, leader]) => ({
      id,
      leader: leader ?? null,
      low: marks.get(id)?.low ?? null,
      high: marks.get(id)?.high ?? null,
    }))
    .sort((a, b) => a.id - b.id);
}

/** Packed and plain messages are so different in size that the first and the last ones say nothing of a mixture. */
function estimate(messages: number, sample: TopicSample): number | undefined {
  if (messages === 0) return 0;
  const isMixed = sample.packedMessages > 0 && sample.packedMessages < sample.messages;
  return sample.messages === 0 || isMixed
    ? undefined
    : Math.round((sample.bytes / sample.messages) * messages);
}

function rate(
  messages: number,
  first: Microseconds | undefined,
  last: Microseconds | undefined,
): number | undefined {
  if (first === undefined || last === undefined || last <= first) return undefined;
  return messages / ((last - first) / 1e6);
}
