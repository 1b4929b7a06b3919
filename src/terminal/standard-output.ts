import { isatty } from 'node:tty';
import { OutputClosed, openStandardOutput, type ByteOutput } from '../files/byte-output.js';

const STANDARD_OUTPUT = 1;

/** Whether people read standard output at a terminal. */
export function isOutputTerminal(): boolean {
  return isatty(STANDARD_OUTPUT);
}

/** Whether colours are wanted there: https://no-color.org. */
export function outputShowsColours(): boolean {
  return (
    isOutputTerminal() && process.env['TERM'] !== 'dumb' && (process.env['NO_COLOR'] ?? '') === ''
  );
}

/** The columns of the terminal that standard output is; undefined where it is none. */
export function outputColumns(): number | undefined {
  return isOutputTerminal() ? process.stdout.columns : undefined;
}

/** Standard output, for packets or lines. Throws a UserError where it was closed when kcap was started. */
export function openOutput(): ByteOutput {
  return openStandardOutput();
}

/** Prints whole lines for people or scripts; a reader that has had enough is no error. */
export async function print(lines: string): Promise<void> {
  try {
    await openOutput().write(Buffer.from(lines), new AbortController().signal);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
