import { closeSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import { systemCause } from '../errors/system-error.js';
import { codeOf } from '../errors/user-error.js';

/** Beyond so many bytes the file is rewritten, with what still counts. */
const REWRITE_BYTES = 8 * 1024 * 1024;
/** More than that, this program has not written. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A request that was begun or, with its answer, done. */
export interface RequestRecord {
  readonly id: string;
  /** When it came, in ms since 1970. */
  readonly atMs: number;
  readonly answer?: string;
}

/**
 * Requests on disk, a line each: what was begun before the process died must not be done again after it. A line is
 * written before the work begins; the system has it then, whatever becomes of the process.
 */
export class RequestJournal {
  readonly #path: string;
  readonly #log: Logger;
  #read: RequestRecord[];
  #fd: number | undefined;
  #bytes: number;
  #rewriteAt: number;
  #saidFailure = false;

  private constructor(path: string, log: Logger, read: RequestRecord[], bytes: number) {
    this.#path = path;
    this.#log = log;
    this.#read = read;
    this.#bytes = bytes;
    this.#rewriteAt = Math.max(REWRITE_BYTES, bytes);
  }

  /** Opens the file, or makes it. If it can't be used, that is logged: requests are then remembered in memory alone. */
  static open(path: string, log: Logger): RequestJournal {
    let journal = new RequestJournal(path, log, [], 0);
    try {
      const { read, bytes } = readRecords(path);
      journal = new RequestJournal(path, log, read, bytes);
      journal.#fd = openSync(path, 'a', 0o600);
    } catch (error) {
      journal.#sayFailure(error);
    }
    return journal;
  }

  /** What was there when it was opened; once. */
  takeRead(): readonly RequestRecord[] {
    const read = this.#read;
    this.#read = [];
    return read;
  }

  /** Whether it has grown so much that it should be rewritten. */
  get isDue(): boolean {
    return this.#bytes >= this.#rewriteAt;
  }

  write(record: RequestRecord): void {
    if (this.#fd === undefined) return;
    try {
      this.#bytes += writeSync(this.#fd, lineOf(record));
    } catch (error) {
      this.#sayFailure(error);
    }
  }

  /** Replaces all records by these. */
  rewrite(records: Iterable<RequestRecord>): void {
    if (this.#fd === undefined) return;
    try {
      const next = `${this.#path}.new`;
      const fd = openSync(next, 'w', 0o600);
      let bytes = 0;
      for (const record of records) bytes += writeSync(fd, lineOf(record));
      renameSync(next, this.#path);
      closeSync(this.#fd);
      this.#fd = fd;
      this.#bytes = bytes;
      this.#rewriteAt = Math.max(REWRITE_BYTES, 2 * bytes);
    } catch (error) {
      this.#rewriteAt += REWRITE_BYTES;
      this.#sayFailure(error);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #sayFailure(error: unknown): void {
    if (this.#saidFailure) return;
    this.#saidFailure = true;
    this.#log.warn(
      `${this.#path}: ${systemCause(error)}: commands that come again after a restart may be done twice`,
    );
  }
}

/** The line break comes first: what a full disk has cut off spoils no other record. */
function lineOf(record: RequestRecord): string {
  return `\n${JSON.stringify(record)}`;
}

function readRecords(path: string): { readonly read: RequestRecord[]; readonly bytes: number } {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) return { read: [], bytes: size };
    const lines = readFileSync(path, 'utf8').split('\n');
    return { read: lines.flatMap(recordIn), bytes: size };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { read: [], bytes: 0 };
    throw error;
  }
}

/** The record of a line; none of a damaged one, such as the last one of a full disk. */
function recordIn(line: string): RequestRecord[] {
  try {
    const { id, atMs, answer } = JSON.parse(line) as Partial<Record<keyof RequestRecord, unknown>>;
    if (typeof id !== 'string' || typeof atMs !== 'number') return [];
    return [{ id, atMs, ...(typeof answer === 'string' && { answer }) }];
  } catch {
    return [];
  }
}
