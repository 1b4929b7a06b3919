import { messageOf } from '../errors/user-error.js';
import { isToken } from '../protocols/sip/ascii.js';
import { namesOfHeader } from '../protocols/sip/header-name.js';
import type { BytePattern } from './byte-pattern.js';
import type { Expression, List, Word } from './expression.js';
import { LanguageError } from './language-error.js';
import { compilePattern, compileValuePattern } from './pattern.js';

export const HEADER_NAME = 'the name of a header';
export const REGULAR_EXPRESSION = 'a regular expression';

const PLAIN_WORD = /^[A-Za-z0-9._:@/+-]+$/;
const NUMBER = /^[+-]?\d+$/;

/** A test with its arguments, such as `(status 200)`. All that is read from it is checked, and its faults are named. */
export class Call {
  readonly name: string;
  readonly arguments: readonly Expression[];
  /** Where it begins, and where an argument that is missing should be. */
  readonly at: number;
  readonly end: number;
  readonly #text: string;

  /** @throws LanguageError where the expression does not begin with a word */
  constructor(text: string, expression: Expression) {
    this.#text = text;
    if (expression.kind === 'quoted')
      throw this.error(
        'expected a test, such as request or (status 200), not a string',
        expression.at,
      );
    const first = expression.kind === 'word' ? expression : this.#firstWord(expression);
    this.name = first.text;
    this.at = first.at;
    this.arguments = expression.kind === 'word' ? [] : expression.items.slice(1);
    this.end = expression.kind === 'word' ? first.at + first.text.length : expression.end;
  }

  /** Both names of the header that the first of so many arguments names. */
  headerNames(count: number): readonly string[] {
    const expected = count === 1 ? HEADER_NAME : `${HEADER_NAME}, and ${REGULAR_EXPRESSION}`;
    this.count(count, expected);
    const [argument] = this.arguments;
    if (!argument) throw this.error(`expected ${HEADER_NAME}`, this.end);
    const name = this.string(argument, HEADER_NAME);
    if (name === '' || ![...Buffer.from(name)].every(isToken))
      throw this.error(`expected ${HEADER_NAME}${foundInstead(argument)}`, argument.at);
    return namesOfHeader(name);
  }

  /** A regular expression that is tested on values of headers. */
  valuePattern(index: number): Promise<BytePattern> {
    return this.pattern(index, compileValuePattern);
  }

  /** A regular expression. */
  async pattern(index: number, compile = compilePattern): Promise<BytePattern> {
    const argument = this.arguments[index];
    if (!argument) throw this.error(`expected ${REGULAR_EXPRESSION}`, this.end);
    const text = this.string(argument, REGULAR_EXPRESSION);
    try {
      return await compile(text);
    } catch (error) {
      throw this.error(`not a regular expression: ${messageOf(error)}`, argument.at);
    }
  }

  string(argument: Expression, expected: string): string {
    if (argument.kind === 'quoted') return argument.text;
    if (argument.kind === 'list')
      throw this.error(`expected ${expected}${foundInstead(argument)}`, argument.at);
    if (!PLAIN_WORD.test(argument.text))
      throw this.error(
        `expected ${expected}: put "${argument.text}" in double quotes`,
        argument.at,
      );
    return argument.text;
  }

  number(argument: Expression, expected: string): number {
    if (argument.kind === 'word' && NUMBER.test(argument.text)) return Number(argument.text);
    throw this.error(`expected ${expected}${foundInstead(argument)}`, argument.at);
  }

  /** At least one argument. */
  list(expected: string): readonly Expression[] {
    if (this.arguments.length === 0)
      throw this.error(`${this.name} needs an argument: expected ${expected}`, this.end);
    return this.arguments;
  }

  /** Exactly so many arguments. */
  count(count: number, expected: string): void {
    const extra = this.arguments[count];
    if (extra) throw this.error(`${this.name} takes ${expected}${foundMore(extra)}`, extra.at);
    if (this.arguments.length < count)
      throw this.error(`${this.name} needs ${expected}: expected it here`, this.end);
  }

  error(cause: string, at: number): LanguageError {
    return new LanguageError(cause, this.#text, at);
  }

  #firstWord(list: List): Word {
    const [first] = list.items;
    if (first?.kind === 'word') return first;
    const found = first ? '' : ', found ()';
    throw this.error(
      `expected the name of a test after (${found}: such as (status 200)`,
      first?.at ?? list.end,
    );
  }
}

export function isNumber(word: string): boolean {
  return NUMBER.test(word);
}

/** For an error: what there is instead of what was expected. */
export function foundInstead(argument: Expression): string {
  return `, found ${shown(argument)}`;
}

function foundMore(argument: Expression): string {
  return ` and no more, found ${shown(argument)}`;
}

function shown(argument: Expression): string {
  if (argument.kind === 'list') return 'a list';
  return argument.kind === 'quoted' ? `"${argument.text}"` : argument.text;
}
