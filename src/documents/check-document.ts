import type { z } from 'zod';
import { MOST_DEPTH, MOST_VALUES, TOO_DEEP, TOO_MANY_VALUES } from './bounds.js';
import type { Document, Path } from './document.js';
import { DocumentError, type Fault } from './document-error.js';
import { explained, parted } from './explained.js';

/**
 * The document's value as the schema has it: defaults filled in, transformed. A value that is null counts as left out, and
 * a variable of the environment that should be a number or true or false is taken as one.
 *
 * @throws DocumentError with all that the schema finds wrong
 */
export function checkDocument<Schema extends z.ZodType>(
  document: Document,
  schema: Schema,
): z.output<Schema> {
  return checked(document, schema).data;
}

/** The document's value in the form that it was read from, so that it can be checked again without the environment. */
export function fittedValue(document: Document, schema: z.ZodType): unknown {
  return checked(document, schema).value;
}

function checked<Schema extends z.ZodType>(
  document: Document,
  schema: Schema,
): { readonly value: unknown; readonly data: z.output<Schema> } {
  const value = withoutNulls(document);
  for (;;) {
    const result = schema.safeParse(value, { error: explained });
    if (result.success) return { value, data: result.data };
    const { issues } = result.error;
    if (fitTexts(document, value, issues)) continue;
    throw faultsError(
      document,
      issues.flatMap((issue) => faultsOf(document, issue, [])),
    );
  }
}

/** The error for something that only others than the schema can find. @param part what is wrong, the key or its value */
export function faultAt(
  document: Document,
  path: Path,
  { cause, remedy, part = 'value' }: { cause: string; remedy?: string; part?: 'key' | 'value' },
): DocumentError {
  return new DocumentError(document, [{ ...document.find(path, part), cause, remedy }]);
}

/** All of them, in the order in which the text has them. */
function faultsError(document: Document, faults: readonly Fault[]): DocumentError {
  const [
    first = { where: '', cause: 'it does not fit', remedy: undefined, position: undefined },
    ...others
  ] = faults.toSorted(
    ({ position: a }, { position: b }) =>
      (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0),
  );
  return new DocumentError(document, [first, ...others]);
}

type Issue = z.core.$ZodIssue;

function faultsOf(document: Document, issue: Issue, above: Path): Fault[] {
  const path = [...above, ...issue.path.map(stepOf)];
  if (issue.code === 'unrecognized_keys') {
    const remedies = issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      ...document.find([...path, key], 'key'),
      cause: 'no such key',
      remedy: remedies[index],
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // What was meant is the one that takes values of this kind.
    const meant = issue.errors.find((errors) => !errors.some(isOfOtherKind));
    if (meant) return meant.flatMap((error) => faultsOf(document, error, path));
  }
  const [cause, remedy] = parted(issue.message);
  return [{ ...document.find(path, 'value'), cause, remedy }];
}

function isOfOtherKind({ code, path }: Issue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function stepOf(step: PropertyKey): string | number {
  return typeof step === 'number' ? step : String(step);
}

/** A copy of the value in which keys that have null have nothing. */
function withoutNulls(document: Document): unknown {
  let values = 0;
  const copy = (value: unknown, depth: number): unknown => {
    if (depth > MOST_DEPTH) throw faultAt(document, [], { cause: TOO_DEEP });
    if (++values > MOST_VALUES) throw faultAt(document, [], { cause: TOO_MANY_VALUES });
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        item === null ? undefined : copy(item, depth + 1),
      ]),
    );
  };
  return copy(document.value, 0);
}

/** Whether texts of the environment have become what the schema wants in their places: numbers, true or false, lists. */
function fitTexts(
  document: Document,
  root: unknown,
  issues: readonly Issue[],
  above: Path = [],
): boolean {
  let hasFitted = false;
  for (const issue of issues) {
    const path = [...above, ...issue.path.map(stepOf)];
    if (issue.code === 'invalid_union')
      // Any of several kinds would do.
      hasFitted = issue.errors.some((kind) => fitTexts(document, root, kind, path)) || hasFitted;
    const key = path.at(-1);
    if (key === undefined || !document.isFromEnvironment(path)) continue;
    const holder = path.slice(0, -1).reduce<unknown>(within, root);
    const text = within(holder, key);
    const value = typeof text === 'string' ? fitted(text, issue) : undefined;
    if (value === undefined || typeof holder !== 'object' || holder === null) continue;
    Object.assign(holder, { [key]: value });
    hasFitted = true;
  }
  return hasFitted;
}

function within(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
}

function fitted(text: string, issue: Issue): unknown {
  if (issue.code === 'invalid_value')
    return issue.values.find((value) => typeof value !== 'string' && String(value) === text);
  if (issue.code !== 'invalid_type') return undefined;
  switch (issue.expected) {
    case 'boolean':
      return { true: true, false: false }[text.toLowerCase()];
    case 'number':
    case 'int':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case 'array':
      return text.split(',').map((entry) => entry.trim());
    default:
      return undefined;
  }
}
