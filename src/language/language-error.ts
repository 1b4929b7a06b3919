import { markedLine, positionOf } from '../errors/marked-line.js';
import { type UserError, usageError } from '../errors/user-error.js';

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
    const position = positionOf(text, at);
    this.line = position.line;
    this.column = position.column;
    this.marked = markedLine(text, position);
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
