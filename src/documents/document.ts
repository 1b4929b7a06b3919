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
  readonly places: Places;
  /** Variables of the environment are text; whether this value was one, and may stand for a number. */
  isFromEnvironment(path: Path): boolean;
}

/** A key and its value. */
export interface Place {
  readonly key: Position | undefined;
  readonly value: Position | undefined;
}

/** Where the values of a document stand in its text. */
export class Places {
  readonly #places = new Map<string, Place>();

  note(path: Path, place: Place): void {
    this.#places.set(JSON.stringify(path), place);
  }

  /** Where the value stands, or else what it would stand in. */
  ofValue(path: Path): Position | undefined {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      const position = length === path.length ? place?.value : (place?.key ?? place?.value);
      if (position) return position;
    }
    return undefined;
  }

  ofKey(path: Path): Position | undefined {
    return this.#places.get(JSON.stringify(path))?.key ?? this.ofValue(path);
  }
}

/** A document that is a value only, for example the parameters of a command. */
export function documentOf(name: string, value: unknown): Document {
  return { name, value, text: undefined, places: new Places(), isFromEnvironment: () => false };
}

/** A path as people write it: `reporters[1].config.topic`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
