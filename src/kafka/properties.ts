import { addon } from '../addon/addon.js';
import { nearest } from '../errors/nearest.js';
import { usageError, type UserError } from '../errors/user-error.js';
import { REBUILD } from './build-features.js';
import { checkBrokers } from './broker-address.js';
import { insteadOfJava } from './java-names.js';
import { hideSecrets } from './secrets.js';
import { isListOfBrokers } from './security.js';
import { whyUnusable } from './unusable-properties.js';

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
  return checkProperty(`-X ${name}`, name, text.slice(equals + 1));
}

/**
 * A property that librdkafka takes and kcap can work with; throws a usage error about `where` for any other, which hides
 * a secret value.
 */
export function checkProperty(
  where: string,
  name: string,
  value: string,
): readonly [name: string, value: string] {
  const what = where.endsWith(name) ? where : `${where}: ${name}`;
  const instead = insteadOfJava(name);
  if (instead !== undefined) throw usageError(what, "it is of Kafka's Java client", instead);
  const unusable = whyUnusable(name, value);
  if (unusable) throw usageError(what, unusable.why, unusable.instead);
  const problem = addon.propertyProblem(name, value);
  if (problem)
    throw problem.unknown
      ? noSuchProperty(what, name)
      : invalid(what, problem.message, [name, value]);
  if (isListOfBrokers(name)) checkBrokers(what, value);
  return [name, value];
}

/** Whether only the other kind of client has a use for it: librdkafka ignores it. */
export function isOfOtherClient(name: string, role: 'producer' | 'consumer' | 'both'): boolean {
  if (role === 'both') return false;
  const client = addon.properties().find((property) => property.name === name)?.client ?? '*';
  return client === (role === 'producer' ? 'C' : 'P');
}

function noSuchProperty(what: string, name: string): UserError {
  const close = nearest(
    name,
    addon.properties().map((property) => property.name),
  );
  return usageError(
    what,
    'librdkafka has no such property',
    close === undefined
      ? "librdkafka's CONFIGURATION.md lists them all"
      : `did you mean ${close}? librdkafka's CONFIGURATION.md lists them all`,
  );
}

function invalid(
  what: string,
  message: string,
  property: readonly [name: string, value: string],
): UserError {
  if (/must be set through dedicated|Internal property/.test(message))
    return usageError(
      what,
      'only programs can set it, by a function of librdkafka',
      'leave it out',
    );
  const remedy = /not available at build time/.test(message) ? REBUILD : undefined;
  return usageError(what, hideSecrets(message.trim(), new Map([property])), remedy);
}
