import { usageError } from '../errors/user-error.js';

const MAX_LENGTH = 249;
const FOREIGN = /[^\w.-]/u;
const RULE = `Kafka allows letters (a-z, A-Z), digits, '.', '_' and '-', at most ${MAX_LENGTH} of them`;

/**
 * A name that Kafka takes for a topic (org.apache.kafka.common.internals.Topic); throws a usage error about `option`
 * that says what is wrong with any other. A broker would only say that there is no such topic.
 */
export function checkTopicName(option: string, name: string): string {
  const cause = whatIsWrong(name);
  if (cause === undefined) return name;
  throw usageError(`${option} ${shortened(name)}`, cause, RULE);
}

function whatIsWrong(name: string): string | undefined {
  const [foreign] = FOREIGN.exec(name) ?? [];
  if (foreign !== undefined)
    return `a topic name can't contain ${foreign === ' ' ? 'a space' : `'${foreign}'`}`;
  if (name.length > MAX_LENGTH) return `a topic name of ${name.length} characters is too long`;
  if (name === '') return 'a topic name is missing';
  if (name === '.' || name === '..') return 'a topic name needs more than dots';
  return undefined;
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
