/** A place in a text: both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** @param at index in `text` */
export function positionOf(text: string, at: number): Position {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineStart + 1 };
}

const WIDEST = 76;
const BEFORE_FAULT = 50;

/** The line at fault, and below it a mark at the fault; of a long line, the part around it. */
export function markedLine(text: string, { line, column }: Position): string {
  const whole = text.split('\n')[line - 1] ?? '';
  const from = column > WIDEST ? column - 1 - BEFORE_FAULT : 0;
  const shown = whole
    .slice(from, from + WIDEST)
    // oxlint-disable-next-line no-control-regex -- a file's control characters don't reach the terminal
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
  return `  ${shown}\n  ${' '.repeat(column - 1 - from)}^`;
}
