import { OutputClosed, openStandardOutput } from '../files/byte-output.js';

/** Prints whole lines for people or scripts; a reader that has had enough is no error. */
export async function print(lines: string): Promise<void> {
  try {
    await openStandardOutput().write(Buffer.from(lines), new AbortController().signal);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
