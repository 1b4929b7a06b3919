import type { Logger } from 'pino';
import type { ClientFacts } from '../kafka/client-facts.js';
import { Cluster } from '../kafka/cluster.js';

/** What a producer has to know of its topic before it begins. */
export interface TopicFacts {
  readonly partitions: number;
  readonly roundTripMs: number;
}

/** Asks the brokers. Throws as `Cluster.connect` does. */
export type AskTopic = (facts: ClientFacts, log: Logger) => Promise<TopicFacts>;

export const askTopic: AskTopic = (facts, log) =>
  Cluster.ask(facts, log, async (cluster, partitions) => ({
    partitions: partitions.length,
    roundTripMs: await cluster.roundTripMs(),
  }));
