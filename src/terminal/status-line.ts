import { writeSync } from 'node:fs';

const STANDARD_ERROR = 2;
const CLEAR_LINE = '\r\x1b[K';

/** Standard error as a terminal: a line at its end that is written anew, and the log above it. */
export class StatusLine {
  #shown = '';

  /** Shows a text in place of the one before; an empty one removes it. */
  show(text: string): void {
    if (this.#shown === text) return;
    writeSync(STANDARD_ERROR, `${this.#shown === '' ? '' : CLEAR_LINE}${text}`);
    this.#shown = text;
  }

  /** Writes whole lines above the status. */
  write(lines: string): void {
    const status = this.#shown;
    this.show('');
    writeSync(STANDARD_ERROR, lines);
    this.show(status);
  }
}

/** The one of this process. */
export const statusLine = new StatusLine();
