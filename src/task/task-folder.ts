import { closeSync, constants, openSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { addon } from '../addon/addon.js';
import { systemError, type Place } from '../errors/system-error.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import { refusePlanted } from '../files/planted.js';

/** What is remembered of a task, to do it again after a restart. */
export interface KeptTask {
  readonly id: string;
  /** The description as it was given. */
  readonly document: unknown;
  /** In place of the description's: it was changed while the task ran. */
  readonly bpfFilter?: string;
  /** Whether it is to run. */
  readonly wanted: 'running' | 'stopped';
  /** Why it is not. */
  readonly reason?: string;
}

/** A file that is not what was written: somebody else's, or damaged. */
export interface DamagedFile {
  readonly path: string;
  readonly cause: string;
}

const VERSION = 1;
const SUFFIX = '.json';
/** Of a file that is being written: no id has it. */
const UNFINISHED = '.json~';
/** Far more than a description takes that came in one line of a command. */
const MOST_BYTES = 4 * 1024 * 1024;
const PLACE: Place = {
  named: { verb: 'name', noun: 'folder' },
  use: 'write to',
  missing: 'name a folder that is there (data_dir)',
};

/** The tasks of one agent on disk: a file each, ID.json, which is there as a whole or not at all. */
export class TaskFolder {
  readonly path: string;
  readonly #lock: number;

  private constructor(folder: string, lock: number) {
    this.path = folder;
    this.#lock = lock;
  }

  /** Makes the folder where it is missing; throws a UserError where another agent has it. */
  static async open(folder: string): Promise<TaskFolder> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await refusePlanted(`tasks in ${folder}`, folder, await lstat(folder));
      const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
      // Not a FileHandle: it would close the file, and so unlock it, when it is collected.
      const lock = openSync(path.join(folder, 'lock'), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      if (addon.lockFile(lock)) return new TaskFolder(folder, lock);
      closeSync(lock);
    } catch (error) {
      throw systemError(`tasks in ${folder}`, error, PLACE);
    }
    throw new UserError(`tasks in ${folder}`, 'another agent keeps its tasks there', {
      remedy: 'give each agent a data_dir of its own',
    });
  }

  /** All that is there. What a killed agent has left half-written is removed; what is damaged stays. */
  async read(): Promise<{ tasks: KeptTask[]; damaged: DamagedFile[] }> {
    const tasks: KeptTask[] = [];
    const damaged: DamagedFile[] = [];
    const names = await readdir(this.path).catch((error: unknown) => {
      throw systemError(`tasks in ${this.path}`, error, PLACE);
    });
    for (const name of names.sort()) {
      const file = path.join(this.path, name);
      if (name.endsWith(UNFINISHED)) await rm(file, { force: true });
      if (!name.endsWith(SUFFIX)) continue;
      try {
        tasks.push(await readTask(file, name.slice(0, -SUFFIX.length)));
      } catch (error) {
        damaged.push({ path: file, cause: messageOf(error) });
      }
    }
    return { tasks, damaged };
  }

  /** Whether a file of this task's name is there, be it damaged. */
  async has(id: string): Promise<boolean> {
    try {
      await lstat(this.#fileOf(id));
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw systemError(`task ${id}`, error, PLACE);
    }
  }

  /** The file of a task. */
  fileOf(id: string): string {
    return this.#fileOf(id);
  }

  /** Writes it in place of what was there: a kill in between leaves either the old file or the new one. */
  async write({ id, document, bpfFilter, wanted, reason }: KeptTask): Promise<void> {
    const text = JSON.stringify(
      { version: VERSION, id, wanted, reason, bpf_filter: bpfFilter, task: document },
      null,
      2,
    );
    const file = this.#fileOf(id);
    const unfinished = file.slice(0, -SUFFIX.length) + UNFINISHED;
    try {
      await writeDown(unfinished, `${text}\n`);
      await rename(unfinished, file);
      await this.#sync();
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw systemError(`keep task ${id} in ${this.path}`, error, PLACE);
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await rm(this.#fileOf(id), { force: true });
      await this.#sync();
    } catch (error) {
      throw systemError(`forget task ${id} in ${this.path}`, error, PLACE);
    }
  }

  close(): void {
    closeSync(this.#lock);
  }

  #fileOf(id: string): string {
    return path.join(this.path, `${id}${SUFFIX}`);
  }

  /** Has the names of the files on disk, not only their content. */
  async #sync(): Promise<void> {
    const folder = await open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function writeDown(file: string, text: string): Promise<void> {
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const handle = await open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readTask(file: string, id: string): Promise<KeptTask> {
  const stat = await lstat(file);
  if (!stat.isFile()) throw new Error('it is no regular file');
  if (stat.size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
  const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (typeof kept !== 'object' || kept === null) throw new Error('it holds no object');
  const fields = kept as Readonly<Record<string, unknown>>;
  const { version, task, wanted, reason, bpf_filter: bpfFilter } = fields;
  if (version !== VERSION)
    throw new Error(`its version is ${JSON.stringify(version)}; this kcap knows ${VERSION}`);
  if (fields['id'] !== id) throw new Error(`it is of task ${JSON.stringify(fields['id'])}`);
  if (wanted !== 'running' && wanted !== 'stopped')
    throw new Error('it does not say what is wanted');
  if (bpfFilter !== undefined && typeof bpfFilter !== 'string')
    throw new Error('its bpf_filter is no text');
  return {
    ...{ id, wanted, document: task },
    ...(bpfFilter !== undefined && { bpfFilter }),
    ...(typeof reason === 'string' && { reason }),
  };
}
