import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Composer,
  type CST,
  LineCounter,
  Parser,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Position } from '../errors/marked-line.js';
import { MOST_DEPTH, TOO_DEEP } from './bounds.js';
import type { Document, Path } from './document.js';
import type { Environment } from './environment.js';
import { Tree } from './tree.js';

/** The key that takes in the entries of other mappings. */
const MERGE = '<<';

/**
 * Reads YAML 1.2, and so JSON. Aliases and merges (`<<`) are resolved; tags mean nothing.
 *
 * @throws DocumentError
 */
export function readYaml(name: string, text: string, environment: Environment): Document {
  const tree = new Tree(name, text, environment);
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  // What composes documents of them calls itself for each level.
  const tooDeep = beyondDepth(tokens);
  if (tooDeep) throw tree.error(TOO_DEEP, positionIn(lines, tooDeep.offset));
  const composer = new Composer({
    ...{ version: '1.2', schema: 'core', logLevel: 'error' },
    // Found while the values are read, in time that does not grow with the square of their number.
    uniqueKeys: false,
  });
  const [parsed, another] = [...composer.compose(tokens, true, text.length)];
  const [error] = parsed?.errors ?? [];
  if (error) {
    const [cause, remedy] = explained(error.code, error.message);
    throw tree.error(cause, positionIn(lines, error.pos[0]), remedy);
  }
  if (another)
    throw tree.error(
      'it holds several documents',
      positionIn(lines, another.range[0]),
      'give each a file of its own',
    );
  return tree.document(new Reader(tree, lines).read(parsed?.contents, []), false);
}

/** The first token that is nested deeper than values may be. */
function beyondDepth(tokens: readonly CST.Token[]): CST.Token | undefined {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; depth <= MOST_DEPTH + 1 && level.length > 0; depth++)
    level = level.flatMap(below);
  return level[0];
}

/** The tokens of the keys and values that a token holds. */
function below(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat());
}

class Reader {
  readonly #tree: Tree;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();

  constructor(tree: Tree, lines: LineCounter) {
    this.#tree = tree;
    this.#lines = lines;
  }

  /** @param key the node of its key, where it has one */
  read(node: unknown, path: Path, key?: Node): unknown {
    const value = this.#positionOf(node);
    this.#tree.places.note(path, key && this.#positionOf(key), value);
    this.#tree.enter(path, value);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (!target) throw this.#tree.error(`no anchor is called ${node.source}`, value);
      return this.read(target, path, key);
    }
    if (isScalar(node)) return this.#scalar(node, path, value);
    if (isMap(node)) {
      this.#remember(node);
      return this.#map(node, path);
    }
    if (isSeq(node)) {
      this.#remember(node);
      return node.items.map((item, index) => this.read(item, [...path, index]));
    }
    return null;
  }

  #scalar(node: Scalar, path: Path, position: Position | undefined): unknown {
    this.#remember(node);
    return typeof node.value === 'string'
      ? this.#tree.text(path, node.value, position)
      : node.value;
  }

  #map(node: YAMLMap, path: Path): object {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const pair of node.items) {
      const key = this.#keyOf(pair);
      if (key === MERGE) {
        for (const [name, value] of this.#merge(pair, path))
          if (!merged.has(name)) merged.set(name, value);
        continue;
      }
      if (own.has(key))
        throw this.#tree.error(`${key}: given twice`, this.#positionOf(pair.key), 'give it once');
      own.set(key, this.read(pair.value, [...path, key], pair.key as Node));
    }
    // Never by assignment: a key may be called __proto__.
    return Object.fromEntries([...merged, ...own]);
  }

  #keyOf({ key }: Pair): string {
    if (isScalar(key)) {
      this.#remember(key);
      const { value } = key;
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    }
    throw this.#tree.error('a key is not a word', this.#positionOf(key), 'write KEY: VALUE');
  }

  #merge(pair: Pair, path: Path): [string, unknown][] {
    const value = this.read(pair.value, [...path, MERGE], pair.key as Node);
    const sources: unknown[] = Array.isArray(value) ? value : [value];
    return sources.flatMap((source) => {
      if (typeof source === 'object' && source !== null && !Array.isArray(source))
        return Object.entries(source);
      throw this.#tree.error(
        `${MERGE} merges mappings only`,
        this.#positionOf(pair.value),
        'refer to one with *NAME',
      );
    });
  }

  #remember(node: Node & { anchor?: string | undefined }): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #positionOf(node: unknown): Position | undefined {
    const range = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range : null;
    return range ? positionIn(this.#lines, range[0]) : undefined;
  }
}

function positionIn(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The parser's errors in words for people who write configurations, and what to do. */
function explained(code: string, message: string): [cause: string, remedy?: string] {
  switch (code) {
    case 'TAB_AS_INDENT':
      return ['a tab is used as indentation', 'indent with spaces'];
    case 'BAD_INDENT':
      return ['the indentation does not fit what is above', 'indent what belongs together equally'];
    case 'BAD_SCALAR_START':
    case 'MISSING_CHAR':
      return [sentence(message), 'put texts that begin with a special character in quotes'];
    default:
      return [sentence(message)];
  }
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\s+/g, ' ').trim();
}
