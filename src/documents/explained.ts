import type { z } from 'zod';
import { nearest } from '../errors/nearest.js';

/** A message with what to do on its second line: schemas' own messages may be written so. */
export function withRemedy(cause: string, remedy: string | undefined): string {
  return remedy === undefined ? cause : `${cause}\n${remedy}`;
}

/** Such a message, taken apart. */
export function parted(message: string): [cause: string, remedy: string | undefined] {
  const at = message.indexOf('\n');
  return at < 0 ? [message, undefined] : [message.slice(0, at), message.slice(at + 1)];
}

/** What zod found, in a line for people: what is there, what was expected; for unknown keys a line with advice each. */
export function explained(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => otherKey(key, keysOf(issue.inst))).join('\n');
    case 'invalid_type':
      return issue.input === undefined
        ? withRemedy('it is missing', `give ${kindOf(issue.expected)}`)
        : `${foundKind(issue.input)} where ${kindOf(issue.expected)} should be`;
    case 'invalid_value':
      return choice(issue.input, issue.values);
    case 'invalid_union':
      return Array.isArray(issue.options)
        ? choice(within(issue.input, String(issue.discriminator)), issue.options)
        : unionText(issue);
    case 'too_small':
    case 'too_big':
      return bound(issue);
    case 'invalid_key':
      return 'no such name';
    default:
      return undefined;
  }
}

function keysOf(schema: unknown): string[] {
  const shape = within(within(within(schema, '_zod'), 'def'), 'shape');
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
}

function otherKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return known.length > 0 ? `known here: ${known.join(', ')}` : 'leave it out';
}

function choice(given: unknown, values: readonly unknown[]): string {
  const texts = values.filter((value) => value !== undefined).map(String);
  const all = texts.length === 1 ? `write ${texts.join('')}` : `use one of: ${texts.join(', ')}`;
  if (given === undefined) return withRemedy('it is missing', all);
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean')
    return withRemedy(`${foundKind(given)} where a choice should be`, all);
  const meant = nearest(String(given), texts);
  return withRemedy(
    `'${shortened(String(given))}': no such choice`,
    meant === undefined ? all : `did you mean ${meant}?`,
  );
}

/** None of several kinds of values. */
function unionText({ input, inst }: z.core.$ZodRawIssue): string {
  const options = within(within(within(inst, '_zod'), 'def'), 'options');
  const kinds = (Array.isArray(options) ? (options as unknown[]) : [])
    .map((option) => within(within(within(option, '_zod'), 'def'), 'type'))
    .map((type) => kindOf(String(type)));
  const expected = [...new Set(kinds)].join(' or ');
  return input === undefined
    ? withRemedy('it is missing', `give ${expected}`)
    : `${foundKind(input)} where ${expected} should be`;
}

function bound(
  issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>,
): string {
  const isNumber = issue.origin === 'number' || issue.origin === 'int';
  const limit = Number('minimum' in issue ? issue.minimum : issue.maximum);
  const isLeast = issue.code === 'too_small';
  if (isNumber) return `${String(issue.input)} is ${isLeast ? 'less' : 'more'} than ${limit}`;
  const what = issue.origin === 'array' ? 'a list' : 'a text';
  const unit = issue.origin === 'array' ? 'entries' : 'characters';
  if (isLeast && limit === 1) return `${what} that is empty`;
  return `${what} of ${isLeast ? 'less' : 'more'} than ${limit} ${unit}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  pipe: 'a text',
};

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected;
}

function foundKind(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      return `the number ${value}`;
    case 'string':
      return value === '' ? 'an empty text' : 'a text';
    default:
      return 'a mapping';
  }
}

function within(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

const LONGEST = 40;

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
