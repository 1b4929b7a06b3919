import type { Position } from '../errors/marked-line.js';
import { pathText, Places, type Document, type Path } from './document.js';
import { DocumentError, type Fault } from './document-error.js';
import { MOST_DEPTH, MOST_VALUES, TOO_DEEP, TOO_MANY_VALUES } from './bounds.js';
import { refersToEnvironment, withEnvironment, type Environment } from './environment.js';

/** Puts together a document out of the nodes that a parser found, within the bounds, and with variables replaced. */
export class Tree {
  readonly places = new Places();
  readonly #name: string;
  readonly #text: string;
  readonly #environment: Environment;
  readonly #fromEnvironment = new Set<string>();
  readonly #faults: Fault[] = [];
  #values = 0;

  constructor(name: string, text: string, environment: Environment) {
    this.#name = name;
    this.#text = text;
    this.#environment = environment;
  }

  /** Counts a value, wherever it came from: one that aliases repeat counts each time. */
  enter(path: Path, position: Position | undefined): void {
    if (path.length > MOST_DEPTH) throw this.error(TOO_DEEP, position);
    if (++this.#values > MOST_VALUES) throw this.error(TOO_MANY_VALUES, position);
  }

  /** A text with its variables. */
  text(path: Path, text: string, position: Position | undefined): string {
    if (!refersToEnvironment(text)) return text;
    this.#fromEnvironment.add(JSON.stringify(path));
    return withEnvironment(text, this.#environment, (name) => {
      this.#faults.push({
        where: '',
        cause: `the environment has no variable ${name}`,
        remedy: `set ${name}, or write \${${name}:-default}`,
        position,
      });
    });
  }

  /** @throws DocumentError where variables are missing */
  document(value: unknown, isToml: boolean): Document {
    const [first, ...others] = this.#faults;
    if (first) throw new DocumentError({ name: this.#name, text: this.#text }, [first, ...others]);
    return {
      ...{ name: this.#name, value, text: this.#text, isToml },
      find: (path, part) => ({ where: pathText(path), position: this.places.find(path, part) }),
      isFromEnvironment: (path) => this.#fromEnvironment.has(JSON.stringify(path)),
    };
  }

  error(cause: string, position: Position | undefined, remedy?: string): DocumentError {
    return new DocumentError({ name: this.#name, text: this.#text }, [
      { where: '', cause, remedy, position },
    ]);
  }
}
