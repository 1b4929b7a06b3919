import { closeSync, constants, openSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { addon } from '../addon.js';
import { refusePlanted } from '../files/planted.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';

/** What a spool file's name says. */
export interface SpoolFileName {
  /** Files are sent in the order of their numbers. */
  readonly number: number;
  readonly interface: string | undefined;
}

/** Files of one topic in a folder, which one process has for itself: TOPIC@NUMBER[@INTERFACE].pcap. */
export class SpoolFolder {
  readonly path: string;
  readonly #topic: string;
  #lock: number | undefined;

  private constructor(folder: string, topic: string, lock: number) {
    this.path = folder;
    this.#topic = topic;
    this.#lock = lock;
  }

  /**
   * Makes the folder where it is missing; throws a UserError where another process spools the same topic there, or
   * where another user has left the folder, or a link, in a folder for everybody.
   */
  static async open(folder: string, topic: string): Promise<SpoolFolder> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const place of [path.resolve(folder), await realpath(folder)])
        await refusePlanted(`spool ${folder}`, place, await lstat(place));
      const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
      // Not a FileHandle: it would close the file, and so unlock it, when it is collected.
      const lock = openSync(
        path.join(folder, `${topic}@lock`),
        O_RDWR | O_CREAT | O_NOFOLLOW,
        0o600,
      );
      if (addon.lockFile(lock)) return new SpoolFolder(folder, topic, lock);
      closeSync(lock);
    } catch (error) {
      throw spoolError(folder, error);
    }
    throw new UserError(`spool ${folder}`, `another kcap spools topic ${topic} there`, {
      remedy: 'give each its own folder with --spool',
    });
  }

  /** The files that are there, in their order. */
  async files(): Promise<SpoolFileName[]> {
    try {
      const names = await readdir(this.path);
      return names.flatMap((name) => this.#parse(name) ?? []).sort((a, b) => a.number - b.number);
    } catch (error) {
      throw spoolError(this.path, error);
    }
  }

  pathOf({ number, interface: name }: SpoolFileName): string {
    const digits = String(number).padStart(NUMBER_DIGITS, '0');
    const where = name === undefined ? '' : `@${encodeURIComponent(name)}`;
    return path.join(this.path, `${this.#topic}@${digits}${where}.pcap`);
  }

  close(): void {
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }

  #parse(name: string): SpoolFileName | undefined {
    const [topic, number = '', where, ...others] = name.replace(/\.pcap$/, '').split('@');
    const isOurs =
      name.endsWith('.pcap') &&
      topic === this.#topic &&
      /^\d+$/.test(number) &&
      number.length === NUMBER_DIGITS &&
      others.length === 0;
    if (!isOurs) return undefined;
    return {
      number: Number(number),
      interface: where === undefined ? undefined : decodeURIComponent(where),
    };
  }
}

const NUMBER_DIGITS = 12;

export function spoolError(folder: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const remedy =
    codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
      ? 'name a folder with --spool that this user may write to'
      : undefined;
  return new UserError(`spool ${folder}`, messageOf(error).replace(/, [a-z]+( .*)?$/, ''), {
    remedy,
  });
}
