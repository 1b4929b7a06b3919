import { parse, TomlError } from 'smol-toml';
import type { Position } from '../errors/marked-line.js';
import { MOST_DEPTH } from './bounds.js';
import type { Document, Path } from './document.js';
import type { Environment } from './environment.js';
import { notePlacesInToml } from './toml-places.js';
import { Tree } from './tree.js';

/**
 * Reads TOML 1.0. Values of errors are found by the line of their key.
 *
 * @throws DocumentError
 */
export function readToml(name: string, text: string, environment: Environment): Document {
  const tree = new Tree(name, text, environment);
  try {
    const parsed = parse(text, { maxDepth: MOST_DEPTH });
    notePlacesInToml(text, tree.places);
    return tree.document(read(tree, parsed, []), true);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [cause = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw tree.error(cause, { line: error.line, column: error.column });
  }
}

function read(tree: Tree, value: unknown, path: Path): unknown {
  const position: Position | undefined = tree.places.find(path, 'value');
  tree.enter(path, position);
  if (typeof value === 'string') return tree.text(path, value, position);
  if (Array.isArray(value)) return value.map((item, index) => read(tree, item, [...path, index]));
  // Times of TOML are texts: nothing here is one.
  if (value instanceof Date) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, read(tree, item, [...path, key])]),
  );
}
