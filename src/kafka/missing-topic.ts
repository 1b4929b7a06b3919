import { UserError } from '../errors/user-error.js';
import type { ClientFacts } from './client-facts.js';
import { brokersOf } from './security.js';

/** That a topic does not exist, with the command that creates it. */
export function missingTopic({ topic, role, properties }: ClientFacts): UserError {
  const brokers = brokersOf(properties);
  const create = `create it first, for example: kafka-topics.sh --bootstrap-server ${brokers} --create --topic ${topic}`;
  const automatic = role === 'producer' ? '; or set auto.create.topics.enable on the brokers' : '';
  return new UserError(`topic ${topic}`, `it does not exist on ${brokers}`, {
    remedy: create + automatic,
  });
}
