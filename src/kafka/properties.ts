import { addon } from '../addon.js';
import { nearest } from '../packet/nearest.js';
import { usageError } from '../packet/user-error.js';

/** librdkafka's configuration properties, by its own names (CONFIGURATION.md), values as text. */
export type Properties = ReadonlyMap<string, string>;

/** `KEY=VALUE`, split at the first `=`, checked against librdkafka; throws a usage error naming the property. */
export function parseProperty(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals < 1)
    throw usageError(
      // What comes after the name may be a secret.
      `-X ${/^=?[\w.]*/.exec(text)?.[0] ?? ''}`,
      'not of the form KEY=VALUE',
      'for example -X compression.type=lz4',
    );
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  const problem = addon.propertyProblem(name, value);
  if (!problem) return [name, value];
  if (!problem.unknown)
    throw usageError(`-X ${name}`, hideSecret(name, value, problem.message.trim()));
  const close = nearest(name, addon.propertyNames());
  throw usageError(
    `-X ${name}`,
    'librdkafka has no such property',
    close === undefined
      ? "librdkafka's CONFIGURATION.md lists them all"
      : `did you mean ${close}? librdkafka's CONFIGURATION.md lists them all`,
  );
}

const SECRET = /password|passphrase|secret|key\.pem|private\.key|sasl\.jaas|token/;

/** True for properties whose value must not be shown. */
export function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** For logs: the properties with the secret ones hidden. */
export function shownProperties(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    [...properties].map(([name, value]) => [name, isSecret(name) ? '***' : value]),
  );
}

function hideSecret(name: string, value: string, message: string): string {
  return isSecret(name) && value !== '' ? message.replaceAll(value, '***') : message;
}
