import type { Places } from './document.js';

const NAME = String.raw`(?:[\w-]+|"[^"\n]*"|'[^'\n]*')`;
const NAMES = String.raw`${NAME}(?:\s*\.\s*${NAME})*`;
const HEADER = new RegExp(String.raw`^(\s*)(\[\[?)\s*(${NAMES})\s*\]\]?\s*(?:#.*)?$`);
const ENTRY = new RegExp(String.raw`^(\s*)(${NAMES})(\s*=\s*)`);

/**
 * Notes where tables and keys stand in a text that is known to be TOML: those that begin a line, which are all but those
 * of inline tables.
 */
export function notePlacesInToml(text: string, places: Places): void {
  places.note([], undefined, { line: 1, column: 1 });
  const arrays = new Map<string, number>();
  let table: (string | number)[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const line = index + 1;
    const [, indent = '', brackets, header = ''] = HEADER.exec(whole) ?? [];
    if (brackets !== undefined) {
      table = tablePath(namesOf(header), brackets === '[[', arrays);
      const position = { line, column: indent.length + 1 };
      places.note(table, position, position);
      continue;
    }
    const [, before = '', names, equals = ''] = ENTRY.exec(whole) ?? [];
    if (names === undefined) continue;
    const column = before.length + 1;
    places.note(
      [...table, ...namesOf(names)],
      { line, column },
      { line, column: column + names.length + equals.length },
    );
  }
}

/** The path of a table; in an array of tables it is the last one so far. */
function tablePath(
  names: readonly string[],
  isNew: boolean,
  arrays: Map<string, number>,
): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [index, name] of names.entries()) {
    path.push(name);
    const id = JSON.stringify(path);
    const isLast = index === names.length - 1;
    if (isNew && isLast) arrays.set(id, (arrays.get(id) ?? -1) + 1);
    const item = arrays.get(id);
    if (item !== undefined) path.push(item);
  }
  return path;
}

function namesOf(dotted: string): string[] {
  return (dotted.match(new RegExp(NAME, 'g')) ?? []).map((name) =>
    name.replace(/^["']|["']$/g, ''),
  );
}
