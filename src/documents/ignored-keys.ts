import { z } from 'zod';
import type { Document, Path } from './document.js';
import { placeText } from './document-error.js';

/** A key that somebody has written, and that changes nothing. */
export interface IgnoredKey {
  /** Where it is, for people. */
  readonly where: string;
  /** Why it changes nothing. */
  readonly why: string;
}

/** The keys of a document that its schema takes `withoutEffect`, in the order of the schema. */
export function ignoredKeys(document: Document, schema: z.ZodType): IgnoredKey[] {
  return [...ignoredBelow(schema, document.value, [])].map(({ path, why }) =>
    ignoredKey(document, path, why),
  );
}

/** @param why without its first words, which are always the same */
export function ignoredKey(document: Document, path: Path, why: string): IgnoredKey {
  const where = placeText(document.name, document.find(path, 'key'));
  return { where, why: `without effect: ${why}` };
}

interface Found {
  readonly path: Path;
  readonly why: string;
}

function* ignoredBelow(schema: z.core.$ZodType, value: unknown, path: Path): Iterable<Found> {
  const { deprecated, description = '', usual } = z.globalRegistry.get(schema) ?? {};
  if (deprecated === true) {
    const says = value !== undefined && value !== null && value !== '' && value !== usual;
    if (says) yield { path, why: description.replace('without effect: ', '') };
    return;
  }
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
      yield* ignoredBelow(def.innerType, value, path);
      break;
    case 'pipe':
      yield* ignoredBelow(def.in, value, path);
      break;
    case 'union':
      for (const option of def.options)
        if (fits(option, value)) yield* ignoredBelow(option, value, path);
      break;
    case 'array':
      if (Array.isArray(value))
        for (const [index, item] of value.entries())
          yield* ignoredBelow(def.element, item, [...path, index]);
      break;
    case 'object':
      if (isMapping(value))
        for (const [key, part] of Object.entries(def.shape))
          if (Object.hasOwn(value, key)) yield* ignoredBelow(part, value[key], [...path, key]);
  }
}

/** Whether of several mappings this one is meant: what is constant in it says so. */
function fits(schema: z.core.$ZodType, value: unknown): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'pipe') return fits(def.in, value);
  if (def.type !== 'object' || !isMapping(value)) return false;
  return Object.entries(def.shape).every(([key, part]) => {
    const { def: constant } = (part as z.core.$ZodTypes)._zod;
    return constant.type !== 'literal' || constant.values.some((known) => known === value[key]);
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
