import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { codeOf } from '../errors/user-error.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Log collectors read them by their group. */
const MODE = 0o640;
const FOLDER_MODE = 0o750;

export interface LogFileOptions {
  readonly path: string;
  /** Bytes from which on the next records go into a new file. */
  readonly maxBytes: number;
  /** Older files are removed; 0: however old they are. */
  readonly maxAgeDays: number;
  /** How many older files are kept; 0: all. */
  readonly maxBackups: number;
  /** Whether older files are compressed. */
  readonly compress: boolean;
}

interface OpenFile {
  readonly handle: FileHandle;
  bytes: number;
}

/**
 * A log file that does not grow beyond a size: it then gets the time into its name, NAME-2026-01-31T12-00-00.000.log, and
 * a new one begins, as capture-agent's logs do.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #file: OpenFile | undefined;
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** Appends lines. Throws what the system refuses; the file is opened again with the next ones then. */
  async append(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''));
    try {
      const file = await this.#fileFor(bytes.length);
      await file.handle.appendFile(bytes);
      file.bytes += bytes.length;
    } catch (error) {
      await this.#closeFile();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#closeFile();
    await this.#tidying;
  }

  async #fileFor(bytes: number): Promise<OpenFile> {
    const { path: name, maxBytes } = this.#options;
    if (this.#file && this.#file.bytes > 0 && this.#file.bytes + bytes > maxBytes) {
      await this.#closeFile();
      await rename(name, await this.#nameOfOlder());
      this.#tidying = this.#tidying.then(() => this.#tidy()).catch(() => undefined);
    }
    this.#file ??= await openToAppend(name);
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  async #nameOfOlder(): Promise<string> {
    const { dir, name, ext } = path.parse(this.#options.path);
    for (let atMs = Date.now(); ; atMs++) {
      const time = new Date(atMs).toISOString().replaceAll(':', '-').replace('Z', '');
      const older = path.join(dir, `${name}-${time}${ext}`);
      if (!(await exists(older)) && !(await exists(`${older}.gz`))) return older;
    }
  }

  /** Compresses older files, and removes those that are too many or too old. */
  async #tidy(): Promise<void> {
    const { maxBackups, maxAgeDays, compress } = this.#options;
    const older = await this.#older();
    const oldestMs = maxAgeDays > 0 ? Date.now() - maxAgeDays * DAY_MS : 0;
    for (const [index, { file, timeMs }] of older.entries()) {
      if ((maxBackups > 0 && index >= maxBackups) || timeMs < oldestMs) await rm(file);
      else if (compress && !file.endsWith('.gz')) await compressed(file);
    }
  }

  /** The newest first. */
  async #older(): Promise<{ readonly file: string; readonly timeMs: number }[]> {
    const { dir, name, ext } = path.parse(this.#options.path);
    const entries = await readdir(dir === '' ? '.' : dir);
    const found = entries.flatMap((entry) => {
      if (!entry.startsWith(`${name}-`)) return [];
      const rest = entry.slice(name.length + 1);
      const [, date = '', time = '', end] =
        /^(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d\.\d{3})(.*)$/.exec(rest) ?? [];
      if (end !== ext && end !== `${ext}.gz`) return [];
      const timeMs = Date.parse(`${date}T${time.replaceAll('-', ':')}Z`);
      return Number.isNaN(timeMs) ? [] : [{ file: path.join(dir, entry), timeMs }];
    });
    return found.sort((a, b) => b.timeMs - a.timeMs);
  }
}

async function openToAppend(name: string): Promise<OpenFile> {
  await mkdir(path.dirname(name), { recursive: true, mode: FOLDER_MODE });
  const handle = await open(name, 'a', MODE);
  return { handle, bytes: (await handle.stat()).size };
}

async function compressed(file: string): Promise<void> {
  const target = `${file}.gz`;
  try {
    await pipeline(createReadStream(file), createGzip(), createWriteStream(target, { mode: MODE }));
    await rm(file);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
