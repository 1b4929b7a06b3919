import { type UserError, usageError } from '../errors/user-error.js';

/** A place in a text: both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a text in one of kcap's languages, and where. */
export class LanguageError extends Error {
  readonly line: number;
  readonly column: number;
  /** The line at fault, and below it a mark at the fault. */
  readonly marked: string;

  /** @param at index of the fault in `text` */
  constructor(cause: string, text: string, at: number) {
    super(cause);
    this.name = 'LanguageError';
    const { line, column } = positionOf(text, at);
    this.line = line;
    this.column = column;
    this.marked = mark(text.split('\n')[line - 1] ?? '', column);
  }

  /** For those who gave the text on the command line: `what` is the option. */
  asUsageError(what: string): UserError {
    return usageError(
      what,
      `line ${this.line}, column ${this.column}: ${this.message}`,
      `\n${this.marked}`.slice(1),
    );
  }
}

function positionOf(text: string, at: number): Position {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineStart + 1 };
}

const WIDEST = 76;
const BEFORE_FAULT = 50;

/** Of a long line, the part around the fault. */
function mark(line: string, column: number): string {
  const from = column > WIDEST ? column - 1 - BEFORE_FAULT : 0;
  const shown = line.slice(from, from + WIDEST).replace(/[\t\r]/g, ' ');
  return `  ${shown}\n  ${' '.repeat(column - 1 - from)}^`;
}
