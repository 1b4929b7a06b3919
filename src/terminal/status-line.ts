import { standardError } from './standard-error.js';

const CLEAR_LINE = '\r\x1b[K';

/** Standard error as a terminal: a line at its end that is written anew, and the log above it. */
export class StatusLine {
  #shown = '';

  /** Shows a text in place of the one before; an empty one removes it. */
  show(text: string): void {
    if (this.#shown === text) return;
    const clear = this.#shown === '' ? '' : CLEAR_LINE;
    if (standardError.writeInPassing(`${clear}${text}`)) this.#shown = text;
  }

  /** Writes whole lines above the status. */
  write(lines: string): void {
    standardError.write(this.#shown === '' ? lines : `${CLEAR_LINE}${lines}${this.#shown}`);
  }
}

/** The one of this process. */
export const statusLine = new StatusLine();
