import { UserError } from '../errors/user-error.js';
import { grant, type ClientFacts } from './connection-problem.js';
import { brokersOf, securityOf } from './security.js';

/** That a topic does not exist, with the command that creates it. */
export function missingTopic(facts: ClientFacts): UserError {
  const { topic, properties } = facts;
  const brokers = brokersOf(properties);
  const create = `create it, for example: kafka-topics.sh --bootstrap-server ${brokers} --create --topic ${topic}`;
  const { tls, mechanism } = securityOf(properties);
  return tls || mechanism !== undefined
    ? new UserError(`topic ${topic}`, `it does not exist on ${brokers}, or may not be seen`, {
        remedy: `${create}; or let the user see it: ${grant(facts)}`,
      })
    : new UserError(`topic ${topic}`, `it does not exist on ${brokers}`, { remedy: create });
}
