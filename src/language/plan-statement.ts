import { LanguageError } from './language-error.js';
import { type PlanToken, planTokens } from './plan-tokens.js';

/** What a capture plan does, one after the other. */
export type PlanStatement =
  | { readonly kind: 'drop' }
  | { readonly kind: 'call'; readonly call: PlanCall }
  | {
      readonly kind: 'if';
      readonly condition: PlanCondition;
      readonly then: readonly PlanStatement[];
      readonly otherwise: readonly PlanStatement[];
    };

export type PlanCondition =
  | { readonly kind: 'call'; readonly call: PlanCall }
  | { readonly kind: 'constant'; readonly holds: boolean }
  | { readonly kind: 'not'; readonly of: PlanCondition }
  | { readonly kind: 'and' | 'or'; readonly of: readonly PlanCondition[] }
  /** `method == INVITE`, `method =~ "^INV"`. */
  | { readonly kind: 'method'; readonly operator: '==' | '=~'; readonly value: PlanToken };

export interface PlanCall {
  readonly name: string;
  /** Where it begins in the text, and where its closing parenthesis is. */
  readonly at: number;
  readonly end: number;
  readonly arguments: readonly PlanToken[];
}

const DEEPEST = 100;

/**
 * Reads a capture plan: `capture[NAME] { STATEMENTS }`, with nothing behind it.
 *
 * @throws LanguageError
 */
export function readPlan(text: string): readonly PlanStatement[] {
  return new Reader(text).plan();
}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly PlanToken[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = planTokens(text);
  }

  plan(): readonly PlanStatement[] {
    this.#expect('capture', 'a plan begins with capture[NAME] {');
    if (this.#take('[')) {
      const name = this.#next();
      if (name.kind !== 'word' && name.kind !== 'string')
        throw this.#error(`expected a name such as pcap${instead(name)}`, name.at);
      this.#expect(']');
    }
    const statements = this.#block();
    const rest = this.#peek();
    if (this.#isWord(rest, 'capture'))
      throw this.#error('a second plan\nmake a file and a task of each', rest.at);
    if (rest.kind !== 'end')
      throw this.#error(`expected the end of the plan${instead(rest)}`, rest.at);
    return statements;
  }

  #block(): PlanStatement[] {
    const open = this.#expect('{');
    const statements: PlanStatement[] = [];
    while (!this.#take('}')) {
      if (this.#peek().kind === 'end') throw this.#error('expected } for this {', open.at);
      if (this.#take(';')) continue;
      statements.push(this.#statement());
    }
    return statements;
  }

  #statement(): PlanStatement {
    const token = this.#peek();
    if (this.#isWord(token, 'if')) return this.#nested(() => this.#if());
    const statement = this.#command();
    this.#expect(';', `expected ; after ${token.text}`);
    return statement;
  }

  #if(): PlanStatement {
    this.#next();
    const condition = this.#either();
    const then = this.#branch();
    if (!this.#isWord(this.#peek(), 'else')) return { kind: 'if', condition, then, otherwise: [] };
    this.#next();
    return { kind: 'if', condition, then, otherwise: this.#branch() };
  }

  #branch(): PlanStatement[] {
    if (this.#peek().text === '{' && this.#peek().kind === 'sign')
      return this.#nested(() => this.#block());
    return [this.#statement()];
  }

  #command(): PlanStatement {
    const token = this.#next();
    if (this.#isWord(token, 'drop') || this.#isWord(token, 'break')) {
      if (this.#take('(')) this.#expect(')');
      return { kind: 'drop' };
    }
    return { kind: 'call', call: this.#call(token) };
  }

  #either(): PlanCondition {
    return this.#chain('or', ['||', '|', 'or'], () => this.#both());
  }

  #both(): PlanCondition {
    return this.#chain('and', ['&&', '&', 'and'], () => this.#test());
  }

  /** However many there are, they are no deeper than one. */
  #chain(
    kind: 'and' | 'or',
    operators: readonly string[],
    next: () => PlanCondition,
  ): PlanCondition {
    const first = next();
    const of = [first];
    while (this.#take(...operators)) of.push(next());
    return of.length === 1 ? first : { kind, of };
  }

  #test(): PlanCondition {
    return this.#nested(() => {
      if (this.#take('!', 'not')) return { kind: 'not', of: this.#test() };
      const open = this.#peek();
      if (this.#take('(')) {
        const condition = this.#either();
        this.#expect(')', 'expected ) for this (', open.at);
        return condition;
      }
      return this.#operand();
    });
  }

  #operand(): PlanCondition {
    const token = this.#next();
    if (token.kind === 'number') return { kind: 'constant', holds: Number(token.text) !== 0 };
    if (!this.#isWord(token, 'method')) return { kind: 'call', call: this.#call(token) };
    const operator = this.#next();
    if (operator.text !== '==' && operator.text !== '=~')
      throw this.#error(`expected == or =~ after method${instead(operator)}`, operator.at);
    const value = this.#next();
    if (value.kind !== 'word' && value.kind !== 'string')
      throw this.#error(`expected a method, such as INVITE${instead(value)}`, value.at);
    return { kind: 'method', operator: operator.text, value };
  }

  #call(name: PlanToken): PlanCall {
    if (name.kind !== 'word')
      throw this.#error(`expected a function, such as parse_sip()${instead(name)}`, name.at);
    this.#expect('(', `expected ( after ${name.text}`);
    const given: PlanToken[] = [];
    let close = this.#peek();
    if (!this.#take(')'))
      do {
        const argument = this.#next();
        if (argument.kind !== 'string')
          throw this.#error(`expected a text in quotes${instead(argument)}`, argument.at);
        given.push(argument);
        close = this.#peek();
      } while (this.#take(','));
    if (given.length > 0) this.#expect(')', `expected , or )${instead(close)}`);
    return { name: name.text, at: name.at, end: close.at, arguments: given };
  }

  /** What others nest in is bounded: the text may be anybody's. */
  #nested<T>(read: () => T): T {
    if (this.#depth === DEEPEST)
      throw this.#error(`more than ${DEEPEST} levels deep`, this.#peek().at);
    this.#depth++;
    const value = read();
    this.#depth--;
    return value;
  }

  #peek(): PlanToken {
    const token = this.#tokens[this.#index];
    if (!token) throw new Error('the end has been taken');
    return token;
  }

  #next(): PlanToken {
    const token = this.#peek();
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  /** Takes the next token where it is one of these. */
  #take(...texts: readonly string[]): boolean {
    const { kind, text } = this.#peek();
    const isTaken = (kind === 'sign' || kind === 'word') && texts.includes(text);
    if (isTaken) this.#index++;
    return isTaken;
  }

  #expect(text: string, cause?: string, at?: number): PlanToken {
    const token = this.#peek();
    if (!this.#take(text))
      throw this.#error(cause ?? `expected ${text}${instead(token)}`, at ?? token.at);
    return token;
  }

  #isWord({ kind, text }: PlanToken, word: string): boolean {
    return kind === 'word' && text === word;
  }

  #error(cause: string, at: number): LanguageError {
    return new LanguageError(cause, this.#text, at);
  }
}

function instead({ kind, text }: PlanToken): string {
  if (kind === 'end') return ' before the end';
  return `, found ${kind === 'string' ? `"${text}"` : text}`;
}
