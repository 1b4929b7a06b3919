import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { systemCause, systemRemedy, type Place } from '../errors/system-error.js';
import { usageError } from '../errors/user-error.js';
import { checkProperty } from './properties.js';
import { isSecret } from './secrets.js';

/** Read and write for the owner's group, or for everybody. */
const OTHERS = 0o077;

const PROPERTY_FILE: Place = {
  named: { verb: 'name', noun: 'file of properties' },
  use: 'read',
  missing: 'check its path',
};

export interface PropertyFile {
  readonly properties: readonly (readonly [name: string, value: string])[];
  /** Other users can read a secret in it. */
  readonly exposed: boolean;
}

/**
 * A file of librdkafka's properties as kcat's -F has it: a `key=value` a line, blank around both left away; empty lines and
 * those that begin with # are nothing. Throws a usage error naming file and line, and nothing of what stands there.
 */
export function readPropertyFile(file: string): PropertyFile {
  const { text, mode } = read(file);
  const properties = text.split('\n').flatMap((line, index) => {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) return [];
    return [propertyIn(content, `${file}, line ${index + 1}`)];
  });
  const secret = properties.some(([name, value]) => isSecret(name) && value !== '');
  return { properties, exposed: secret && (mode & OTHERS) !== 0 };
}

function propertyIn(line: string, where: string): readonly [name: string, value: string] {
  const equals = line.indexOf('=');
  if (equals < 1)
    throw usageError(where, 'not of the form key=value', 'for example compression.type=lz4');
  return checkProperty(where, line.slice(0, equals).trim(), line.slice(equals + 1).trim());
}

function read(file: string): { text: string; mode: number } {
  try {
    const opened = openSync(file, 'r');
    try {
      return { text: readFileSync(opened, 'utf8'), mode: fstatSync(opened).mode };
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    const remedy = systemRemedy(error, PROPERTY_FILE);
    throw usageError(`properties in ${file}`, systemCause(error), remedy);
  }
}
