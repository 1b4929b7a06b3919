import { closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs';
import { lstat, mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addon } from '../addon/addon.js';
import { codeOf, UserError } from '../errors/user-error.js';
import { refusePlanted } from '../files/planted.js';
import { spoolError } from './spool-error.js';
import { encodeName, parseName, topicInNames, type SpoolFileName } from './spool-file-name.js';

/** A file that waits to be sent. */
export interface FoundFile extends SpoolFileName {
  readonly path: string;
  readonly byteLength: number;
}

/** What there is of a topic in a folder. */
export interface FolderContent {
  /** In the order of their numbers. */
  readonly files: readonly FoundFile[];
  /** Paths of what has such a name and is no regular file of this user's. */
  readonly foreign: readonly string[];
  /** Bytes of what was refused, and is kept. */
  readonly refusedBytes: number;
  /** The highest number that stands in a name. */
  readonly lastNumber: number;
}

/** Files of one topic in a folder, which one process has for itself: TOPIC@NUMBER[-INDEX][@INTERFACE].pcap. */
export class SpoolFolder {
  readonly path: string;
  readonly #given: string;
  /** As it stands in file names. */
  readonly #topic: string;
  #lock: number | undefined;

  private constructor(folder: string, topic: string) {
    this.#given = topic;
    this.#topic = topicInNames(topic);
    this.path = folder;
  }

  /**
   * Makes the folder where it is missing; throws a UserError where another process spools the same topic there, or
   * where another user has left the folder, or a link, in a folder for everybody.
   */
  static async open(folder: string, topic: string): Promise<SpoolFolder> {
    const opened = new SpoolFolder(folder, topic);
    await opened.make();
    return opened;
  }

  /** Makes it, and takes it for this process; also where somebody has removed it since. */
  async make(): Promise<void> {
    const folder = this.path;
    try {
      await makeFolder(path.resolve(folder));
      for (const place of [path.resolve(folder), await realpath(folder)])
        await refusePlanted(`spool ${folder}`, place, await lstat(place));
      const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
      // Not a FileHandle: it would close the file, and so unlock it, when it is collected.
      const lock = openSync(
        path.join(folder, `${this.#topic}@lock`),
        O_RDWR | O_CREAT | O_NOFOLLOW,
        0o600,
      );
      if (addon.lockFile(lock)) {
        this.close();
        this.#lock = lock;
        return;
      }
      closeSync(lock);
    } catch (error) {
      throw spoolError(folder, error);
    }
    throw new UserError(`spool ${folder}`, `another kcap spools topic ${this.#given} there`, {
      remedy: 'give each its own folder with --spool',
    });
  }

  async content(): Promise<FolderContent> {
    const files: FoundFile[] = [];
    const foreign: string[] = [];
    let [refusedBytes, lastNumber] = [0, 0];
    try {
      for (const name of await readdir(this.path)) {
        const said = parseName(this.#topic, name);
        if (!said) continue;
        lastNumber = Math.max(lastNumber, said.number);
        const place = path.join(this.path, name);
        // Sync: there may be hundreds of thousands, and nothing has begun yet.
        const stat = lstatSync(place, { throwIfNoEntry: false });
        if (!stat) continue;
        if (name.endsWith('.refused')) refusedBytes += stat.size;
        if (said.isAside) continue;
        if (!isOwnFile(stat)) {
          foreign.push(place);
          continue;
        }
        const beside = said.isInterfaceBeside ? await readBeside(place) : undefined;
        files.push({
          ...said,
          interface: beside ?? said.interface,
          path: place,
          byteLength: stat.size,
        });
      }
    } catch (error) {
      throw spoolError(this.path, error);
    }
    files.sort((a, b) => a.number - b.number || a.index - b.index);
    return { files, foreign, refusedBytes, lastNumber };
  }

  /** The path of a file to be created. An interface whose name is too long is written into a file beside it. */
  async place(file: SpoolFileName): Promise<string> {
    const { name, isInterfaceBeside } = encodeName(this.#topic, file);
    const place = path.join(this.path, name);
    if (isInterfaceBeside) await writeFile(besideOf(place), file.interface ?? '', { mode: 0o600 });
    return place;
  }

  close(): void {
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }
}

/** Removes what stands beside a file that has gone. */
export async function removeBeside(place: string): Promise<void> {
  if (place.endsWith('@~.pcap')) await rm(besideOf(place), { force: true });
}

/** A regular file that belongs to this process's user. */
export function isOwnFile(stat: Stats): boolean {
  return stat.isFile() && stat.uid === process.geteuid?.();
}

function besideOf(place: string): string {
  return place.replace(/\.pcap$/, '.interface');
}

async function readBeside(place: string): Promise<string | undefined> {
  return readFile(besideOf(place), 'utf8').catch(() => undefined);
}

/** A folder for its owner only, and those above it. Node's own `recursive` names wrong causes. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}
