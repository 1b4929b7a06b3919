import { addon } from '../addon/addon.js';
import { STANDARD_ERROR, standardError } from './standard-error.js';

const CLEAR_LINE = '\r\x1b[K';
/** Where a terminal does not say how wide it is. */
const USUAL_COLUMNS = 80;

/** Standard error as a terminal: a line at its end that is rewritten, and the log above it. */
export class StatusLine {
  #text: (columns: number) => string = () => '';
  #shown = '';

  /**
   * Shows a text in place of the one before.
   *
   * @param text what fits into so many columns, of characters that take one column each; empty for none
   */
  show(text: (columns: number) => string): void {
    this.#text = text;
    const next = this.#fitting();
    if (this.#shown === next) return;
    if (standardError.writeInPassing(`${this.#clearing()}${next}`)) this.#shown = next;
  }

  /** Removes it. */
  hide(): void {
    this.show(() => '');
  }

  /** Writes whole lines above the status. */
  write(lines: string): void {
    const clearing = this.#clearing();
    if (this.#shown !== '') this.#shown = this.#fitting();
    standardError.write(`${clearing}${lines}${this.#shown}`);
  }

  #fitting(): string {
    // In the last column, some terminals go on to the next line.
    return this.#text(columns() - 1);
  }

  #clearing(): string {
    if (this.#shown === '') return '';
    // A terminal that has become narrower has broken the line: the cursor is in the last part.
    const above = Math.ceil(this.#shown.length / columns()) - 1;
    return above > 0 ? `\r\x1b[${above}A\x1b[J` : CLEAR_LINE;
  }
}

function columns(): number {
  return addon.terminalColumns(STANDARD_ERROR) || USUAL_COLUMNS;
}

/** The one of this process. */
export const statusLine = new StatusLine();
