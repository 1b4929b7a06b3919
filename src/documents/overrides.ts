import type { Document, Path } from './document.js';
import type { Environment } from './environment.js';

/** What stands between the names of a path in a variable's name. */
const SEPARATOR = '__';

/**
 * The document with values that variables set: PREFIX__CONTROL__SOCKET sets `control.socket`. What is text there may be a
 * number, true or false, or a list with commas.
 */
export function withOverrides(
  document: Document,
  prefix: string,
  environment: Environment,
): Document {
  const overrides = new Map<string, { readonly variable: string; readonly path: Path }>();
  let value = document.value;
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(prefix + SEPARATOR)) continue;
    const path = variable
      .slice(prefix.length + SEPARATOR.length)
      .split(SEPARATOR)
      .map((name) => name.toLowerCase());
    if (path.includes('')) continue;
    value = withValue(value, path, text);
    overrides.set(JSON.stringify(path), { variable, path });
  }
  if (overrides.size === 0) return document;
  // What a variable set, or it alone made necessary, is nowhere in the text.
  const variableOf = (path: Path) =>
    overrides.get(JSON.stringify(path)) ??
    [...overrides.values()].find(
      (override) =>
        path.every((step, index) => step === override.path[index]) &&
        path.length > 0 &&
        !has(document.value, path),
    );
  return {
    ...document,
    value,
    find: (path, part) => {
      const override = variableOf(path);
      return override
        ? { where: `${override.variable} in the environment`, position: undefined }
        : document.find(path, part);
    },
    isFromEnvironment: (path) =>
      overrides.has(JSON.stringify(path)) || document.isFromEnvironment(path),
  };
}

/** A copy with this value in it. */
function withValue(holder: unknown, [key, ...rest]: readonly string[], text: string): unknown {
  if (key === undefined) return text;
  const entries: [string, unknown][] = isMapping(holder) ? Object.entries(holder) : [];
  const below = entries.find(([name]) => name === key)?.[1];
  return Object.fromEntries([...entries, [key, withValue(below, rest, text)]]);
}

function has(value: unknown, [key, ...rest]: Path): boolean {
  if (key === undefined) return true;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
  return has((value as Readonly<Record<string | number, unknown>>)[key], rest);
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
