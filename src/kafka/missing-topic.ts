import { nearest } from '../errors/nearest.js';
import { UserError } from '../errors/user-error.js';
import type { ClientFacts } from './client-facts.js';
import { brokersOf } from './security.js';

/** That a topic does not exist, with the one of `topics` that may be meant, and the command that creates it. */
export function missingTopic(
  { topic, role, properties }: ClientFacts,
  topics: readonly string[] = [],
): UserError {
  const brokers = brokersOf(properties);
  const create = `create it first, for example: kafka-topics.sh --bootstrap-server ${brokers} --create --topic ${topic}`;
  const automatic = role === 'producer' ? '; or set auto.create.topics.enable on the brokers' : '';
  return new UserError(`topic ${topic}`, `it does not exist on ${brokers}`, {
    remedy: orNearest(topic, topics, create + automatic),
  });
}

/** What to do about a topic that is not there: first comes the one that was probably meant. */
export function orNearest(topic: string, topics: readonly string[], remedy: string): string {
  const meant = nearest(topic, topics);
  return meant === undefined ? remedy : `did you mean ${meant}? Otherwise ${remedy}`;
}
