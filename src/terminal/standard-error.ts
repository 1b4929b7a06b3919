import { isatty } from 'node:tty';
import { addon } from '../addon/addon.js';
import type { NativeLogWriter } from '../addon/system.js';

export const STANDARD_ERROR = 2;
/** Some thousand lines for a reader that has stalled. */
const LIMIT_BYTES = 1024 * 1024;
/** How long the end of the process waits in all for a reader that takes nothing. */
const PATIENCE_MS = 1000;

/** Whether people read it at a terminal. */
export function isTerminal(): boolean {
  return isatty(STANDARD_ERROR);
}

/** Whether it is a terminal that can move its cursor and show colours. */
export function isCapableTerminal(): boolean {
  return isTerminal() && process.env['TERM'] !== 'dumb';
}

/** Whether colours are wanted there: https://no-color.org. */
export function showsColours(): boolean {
  return isCapableTerminal() && (process.env['NO_COLOR'] ?? '') === '';
}

/**
 * Standard error. Writing never throws, never blocks and never ends anything: a thread of the addon's does it. What the
 * terminal, disk or reader does not take is dropped and counted, and the count is reported once writing works again.
 */
export class StandardError {
  readonly #writer: NativeLogWriter;
  #patienceMs = PATIENCE_MS;
  #notice = (dropped: number) => `kcap: ${dropNotice(dropped)}\n`;

  constructor(fd = STANDARD_ERROR, limitBytes = LIMIT_BYTES) {
    this.#writer = new addon.LogWriter(fd, limitBytes);
  }

  /** How the log words that lines were dropped, as a whole line. */
  wordNotice(notice: (dropped: number) => string): void {
    this.#notice = notice;
  }

  /** Writes whole lines, which count as one of the log. */
  write(lines: string): void {
    if (this.#writer.isFlowing()) this.#reportDropped();
    this.#writer.write(lines, 1);
  }

  /** Writes what nobody misses; false where something else still waits, and this would have to. */
  writeInPassing(text: string): boolean {
    const free = this.#writer.isFlowing();
    if (free) this.#writer.write(text, 0);
    return free;
  }

  /**
   * Whether everything that `write` writes has gone out. Waits for it and for what was written before, but no longer
   * than a second in the life of the process: it is for its end.
   */
  insist(write: () => void): boolean {
    this.#drain();
    this.#reportDropped();
    write();
    return this.#drain() && this.#reportDropped() === 0;
  }

  #drain(): boolean {
    const start = performance.now();
    const empty = this.#writer.drain(this.#patienceMs);
    this.#patienceMs = Math.max(this.#patienceMs - (performance.now() - start), 0);
    return empty;
  }

  #reportDropped(): number {
    const dropped = this.#writer.takeDropped();
    // If the notice is dropped, too, they are counted again.
    if (dropped > 0) this.#writer.write(this.#notice(dropped), dropped);
    return dropped;
  }
}

/** What the log says where lines of it are missing. */
export function dropNotice(dropped: number): string {
  return `'${dropped}' line(s) of the log were dropped: standard error did not take them`;
}

/** The one of this process. */
export const standardError = new StandardError();
