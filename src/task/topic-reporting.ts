import type { Logger } from 'pino';
import { BatchProducer } from '../kafka/batch-producer.js';
import { BrokersAway } from '../kafka/brokers-away.js';
import { Cluster } from '../kafka/cluster.js';
import type { Properties } from '../kafka/properties.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import { TopicOutlet } from '../sinks/topic-outlet.js';

export interface TopicReportingOptions {
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
export async function openTopicOutlet(
  { topic, properties, waits, name }: TopicReportingOptions,
  log: Logger,
): Promise<TopicOutlet> {
  const start = await Cluster.ask(
    { role: 'producer', properties, topic },
    log,
    async (cluster, partitions) => ({
      partitions: partitions.length,
      roundTripMs: await cluster.roundTripMs(),
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof BrokersAway)) throw error;
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
