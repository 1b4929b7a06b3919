import { existsSync } from 'node:fs';
import { link, open, readdir, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../errors/user-error.js';
import { numberedName } from './numbered-name.js';

/** Packets are nobody's business but the user's. */
const OWNER_ONLY = 0o600;
const MOST_NUMBERS = 1000;

let written = 0;

/**
 * Writes a new file into the folder, whole or not at all: it gets its name once it is on the disk. Where the name is
 * taken, it gets the next number; nothing is overwritten. Gives its path; throws the system's error.
 */
export async function writeWholeFile(
  folder: string,
  name: string,
  chunks: readonly Buffer[],
): Promise<string> {
  const part = path.join(folder, `.kcap-${process.pid}-${written++}.part`);
  try {
    const file = await open(part, 'wx', OWNER_ONLY);
    try {
      for (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    return await giveName(part, folder, name);
  } finally {
    await unlink(part).catch(() => undefined);
  }
}

/** Removes what processes have left that were killed while they wrote. */
export async function sweepParts(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const pid = /^\.kcap-(\d+)-\d+\.part$/.exec(entry)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await unlink(path.join(folder, entry)).catch(() => undefined);
  }
}

async function giveName(part: string, folder: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const file = path.join(folder, numberedName(name, number));
    try {
      await link(part, file);
      return file;
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === 'EEXIST' && number < MOST_NUMBERS) continue;
      // FAT and some network file systems have no links: there, the name is reserved first.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
      if (!(await reserve(file))) continue;
      await rename(part, file);
      return file;
    }
  }
}

async function reserve(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx', OWNER_ONLY)).close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}
