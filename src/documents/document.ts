import type { Position } from '../errors/marked-line.js';

/** Where a value is in a document: keys and indices, from the root on. */
export type Path = readonly (string | number)[];

/** What was written down for a machine: a file, standard input, or a value that came over a channel. */
export interface Document {
  /** What errors call it. */
  readonly name: string;
  /** Plain values: objects, arrays, texts, numbers, booleans and null. Trees without cycles. */
  readonly value: unknown;
  /** Undefined where there is no text, but a value only. */
  readonly text: string | undefined;
  /** Whether it is written in TOML. */
  readonly isToml: boolean;
  /** Where to find a value, or its key. */
  find(path: Path, part: 'key' | 'value'): Place;
  /** Variables of the environment are text; whether this value was one, and may stand for a number. */
  isFromEnvironment(path: Path): boolean;
}

/** Where a value comes from, for errors. */
export interface Place {
  /** The path as people write it, or what else set the value; empty for the document as a whole. */
  readonly where: string;
  /** Undefined where it is in no text. */
  readonly position: Position | undefined;
}

/** Where the values of a document stand in its text. */
export class Places {
  readonly #places = new Map<
    string,
    { readonly key: Position | undefined; readonly value: Position | undefined }
  >();

  note(path: Path, key: Position | undefined, value: Position | undefined): void {
    this.#places.set(JSON.stringify(path), { key, value });
  }

  /** Where the value or its key stands, or else what it would stand in. */
  find(path: Path, part: 'key' | 'value'): Position | undefined {
    const exact = this.#places.get(JSON.stringify(path));
    const position = part === 'key' ? (exact?.key ?? exact?.value) : exact?.value;
    if (position || path.length === 0) return position;
    return this.find(path.slice(0, -1), 'key');
  }
}

/** A document that is a value only, for example the parameters of a command. */
export function documentOf(name: string, value: unknown): Document {
  return {
    ...{ name, value, text: undefined, isToml: false },
    find: (path) => ({ where: pathText(path), position: undefined }),
    isFromEnvironment: () => false,
  };
}

/** A path as people write it: `reporters[1].config.topic`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
