import { LanguageError } from './language-error.js';

/** A part of an s-expression, with where it begins in the text. */
export type Expression = Word | Quoted | List;

export interface Word {
  readonly kind: 'word';
  readonly text: string;
  readonly at: number;
}

/** A string in double quotes, in which all characters but these stand for themselves. */
export interface Quoted {
  readonly kind: 'quoted';
  readonly text: string;
  readonly at: number;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly Expression[];
  readonly at: number;
  /** Where its closing parenthesis is. */
  readonly end: number;
}

const DEEPEST = 200;

const WORD = /[^\s();"]+/y;
const BLANKS = /\s+/y;
const COMMENT = /;[^\n]*/y;

/**
 * Reads the one expression of a text; undefined where the text has none. Words end at white space, parentheses, quotes
 * and semicolons; a comment goes from a semicolon to the end of the line.
 *
 * @throws LanguageError where parentheses or quotes don't match, or something follows the expression
 */
export function readExpression(text: string): Expression | undefined {
  const reader = new Reader(text);
  const expression = reader.next(0);
  if (expression === undefined) return undefined;
  const rest = reader.next(0);
  if (rest)
    throw new LanguageError(
      'expected the end of the filter after the first expression; combine several with (all ...) or (any ...)',
      text,
      rest.at,
    );
  return expression;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next expression; undefined at the end of the text. */
  next(depth: number): Expression | undefined {
    this.#skipBlanks();
    const at = this.#at;
    switch (this.#text[at]) {
      case undefined:
        return undefined;
      case '(':
        return this.#list(depth);
      case ')':
        throw this.#error('unexpected ): no ( is open', at);
      case '"':
        return this.#quoted();
      default:
        return this.#word();
    }
  }

  #list(depth: number): List {
    const at = this.#at++;
    if (depth === DEEPEST) throw this.#error(`more than ${DEEPEST} parentheses are open`, at);
    const items: Expression[] = [];
    for (;;) {
      this.#skipBlanks();
      if (this.#text[this.#at] === ')') return { kind: 'list', items, at, end: this.#at++ };
      const item = this.next(depth + 1);
      if (!item) throw this.#error('expected ) for this (', at);
      items.push(item);
    }
  }

  #quoted(): Quoted {
    const at = this.#at;
    const close = this.#text.indexOf('"', at + 1);
    if (close === -1) throw this.#error('expected a closing " for this one', at);
    this.#at = close + 1;
    return { kind: 'quoted', text: this.#text.slice(at + 1, close), at };
  }

  #word(): Word {
    const at = this.#at;
    const text = this.#take(WORD);
    return { kind: 'word', text, at };
  }

  #skipBlanks(): void {
    while (this.#take(BLANKS) !== '' || this.#take(COMMENT) !== '');
  }

  /** What matches here, and goes behind it. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text = ''] = pattern.exec(this.#text) ?? [];
    this.#at += text.length;
    return text;
  }

  #error(cause: string, at: number): LanguageError {
    return new LanguageError(cause, this.#text, at);
  }
}
