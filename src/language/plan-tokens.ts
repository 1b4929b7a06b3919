import { LanguageError } from './language-error.js';

/** A word, number, string or sign of a capture plan, with where it begins in the text. */
export interface PlanToken {
  readonly kind: 'word' | 'number' | 'string' | 'sign' | 'end';
  /** Of a string, what it stands for. */
  readonly text: string;
  readonly at: number;
}

const BLANKS = /(?:\s+|#[^\n]*|\/\*[^]*?\*\/)+/y;
const WORD = /[A-Za-z]\w*/y;
const NUMBER = /\d+/y;
/** Those of two characters before those of one. */
const SIGN = /&&|\|\||==|=~|[{}[\]();,!&|]/y;
const DOUBLE_QUOTED = /"((?:\\[^]|[^"\\])*)"/y;
const SINGLE_QUOTED = /'([^']*)'/y;
/** What a backslash before one of these makes of it; before others it is one. */
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\u0007', '\\': '\\' },
};

/**
 * The tokens of a capture plan, a token for the end behind them.
 *
 * @throws LanguageError for what is none
 */
export function planTokens(text: string): PlanToken[] {
  const tokens: PlanToken[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    at += found?.[0].length ?? 0;
    return found;
  };
  const next = (begin: number): PlanToken => {
    const word = take(WORD);
    if (word) return { kind: 'word', text: word[0], at: begin };
    const number = take(NUMBER);
    if (number) return { kind: 'number', text: number[0], at: begin };
    const sign = take(SIGN);
    if (sign) return { kind: 'sign', text: sign[0], at: begin };
    const double = take(DOUBLE_QUOTED);
    if (double) return { kind: 'string', text: unescaped(double[1] ?? ''), at: begin };
    const single = take(SINGLE_QUOTED);
    if (single) return { kind: 'string', text: single[1] ?? '', at: begin };
    throw new LanguageError(wrongAt(text, begin), text, begin);
  };
  for (take(BLANKS); at < text.length; take(BLANKS)) tokens.push(next(at));
  tokens.push({ kind: 'end', text: '', at: text.trimEnd().length });
  return tokens;
}

/** The word that a text begins with, behind blanks and comments; undefined where it begins with something else. */
export function firstWord(text: string): string | undefined {
  BLANKS.lastIndex = 0;
  const blanks = BLANKS.exec(text)?.[0] ?? '';
  WORD.lastIndex = blanks.length;
  return WORD.exec(text)?.[0];
}

function unescaped(text: string): string {
  return text.replace(/\\([^])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

function wrongAt(text: string, at: number): string {
  const [character = ''] = text.slice(at);
  if (character === '"' || character === "'") return `expected a closing ${character} for this one`;
  if (text.startsWith('/*', at)) return 'expected */ for this comment';
  return `unexpected ${character}`;
}
