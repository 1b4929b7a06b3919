import type { Logger } from 'pino';
import { UserError } from '../errors/user-error.js';
import { BatchProducer } from '../kafka/batch-producer.js';
import type { Properties } from '../kafka/properties.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import type { Reporter as Who } from '../reports/record-form.js';
import {
  EncodedReporter,
  type EncodedReporterOptions,
  type PayloadKind,
} from '../sinks/encoded-reporter.js';
import { KafkaMedia } from '../sinks/kafka-media.js';
import { KafkaMessages } from '../sinks/kafka-messages.js';
import type { ReportedMedia } from '../sinks/media-reader.js';
import type { Reporter } from '../sinks/reporter.js';
import { SharedReporter } from '../sinks/shared-reporter.js';
import { TopicOutlet } from '../sinks/topic-outlet.js';
import type { ReportTarget } from './report-target.js';
import { askTopic, type AskTopic } from './topic-facts.js';

const KINDS: Readonly<Record<ReportedMedia, readonly PayloadKind[]>> = {
  none: ['sip'],
  rtcp: ['sip', 'rtcp'],
  all: ['sip', 'rtp', 'rtcp'],
};

type KafkaTarget = Extract<ReportTarget, { readonly kind: 'kafka' }>;

/** Opens what reports to a topic, or to one of each kind of payload. Throws as `openTopicOutlet` does. */
export async function openTopicReporter(
  target: KafkaTarget,
  {
    who,
    waits,
    kafka = new Map(),
    media = 'none',
  }: {
    readonly who: Who;
    readonly waits: boolean;
    readonly kafka?: Properties | undefined;
    readonly media?: ReportedMedia | undefined;
  },
  common: Pick<EncodedReporterOptions, 'whenSlow' | 'patienceMs' | 'onFailure'>,
  parts: TopicReportingParts,
): Promise<Reporter> {
  const { name } = target;
  const open = async (topic: string, takes?: PayloadKind) =>
    new EncodedReporter({
      ...{ ...common, name, ...(takes && { takes }) },
      ...{ encoder: new KafkaMessages(who), mediaEncoder: new KafkaMedia(who) },
      outlet: await openTopicOutlet({ topic, properties: kafka, waits, name }, parts),
    });
  const opened: Reporter[] = [];
  try {
    for (const { topic, takes } of topicsOf(target, media)) opened.push(await open(topic, takes));
  } catch (error) {
    await Promise.all(opened.map((reporter) => reporter.close()));
    throw error;
  }
  const [only] = opened;
  return only && opened.length === 1 ? only : new SharedReporter(name, opened);
}

/** The topics that are written to, and what goes to each: with a prefix one for each kind that is reported. */
export function topicsOf(
  { topic }: KafkaTarget,
  media: ReportedMedia,
): readonly { readonly topic: string; readonly takes?: PayloadKind }[] {
  if (typeof topic === 'string') return [{ topic }];
  return KINDS[media].map((kind) => ({ topic: `${topic.prefix}-${kind}`, takes: kind }));
}

export interface TopicReportingParts {
  readonly log: Logger;
  /** Asks the brokers in place of this thread, where that can't. */
  readonly askTopic?: AskTopic | undefined;
}

interface TopicReportingOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
  /** Whether what is reported can wait where it comes from. */
  readonly waits: boolean;
  /** The reporter, for people. */
  readonly name: string;
}

/**
 * Opens the way to a topic. Throws a UserError where the topic is missing or the brokers refuse; while none of them can be
 * reached, which is logged, messages wait.
 */
async function openTopicOutlet(
  { topic, properties, waits, name }: TopicReportingOptions,
  { log, askTopic: ask = askTopic }: TopicReportingParts,
): Promise<TopicOutlet> {
  const facts = { role: 'producer', properties, topic } as const;
  const start = await ask(facts, log).catch((error: unknown) => {
    if (!(error instanceof UserError && error.passes === 'away')) throw error;
    log.warn(`${name}: ${error.message}; trying again`);
    return undefined;
  });
  const producer = new BatchProducer(
    {
      properties: producerProperties(properties, { reports: true }),
      ...{ topic, timestamp: 'packet', mayFillQueue: !waits },
      ...pushSettings(properties, start?.partitions ?? 1),
      ...{ headers: [], namesInterface: false, reportEvery: 0 },
      // So the messages of a flow stay in order.
      keysChoose: true,
      sends: 'messages',
    },
    log,
  );
  try {
    if (start) await producer.adaptToTopic(properties, start.roundTripMs);
    return new TopicOutlet(producer);
  } catch (error) {
    await producer.close();
    throw error;
  }
}
