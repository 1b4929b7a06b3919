import { close, constants, fstat, ftruncate, open, type Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { refusePlanted } from './planted.js';
import { codeOf } from '../errors/user-error.js';

/** Packets are nobody's business but the user's. */
const OWNER_ONLY = 0o600;
/** As many as Linux follows. */
const MOST_LINKS = 40;
/** Its links, such as /proc/self/fd/1, which /dev/stdout links to, say no path that one could follow. */
const PROC = '/proc/';

/**
 * Opens a file for writing and empties it; makes it, for its user alone, where it is missing. Follows links, but none
 * that another user has left in a folder for everybody, and takes no file of theirs there: throws a UserError then.
 * Never waits: for a named pipe without a reader it throws ENXIO.
 */
export async function openOutputFile(name: string): Promise<number> {
  const file = await linkedFile(name);
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  // What has become a link since is not followed; what has come since is looked at once it is open, and only then
  // emptied.
  const follow = isProc(await folderOf(file)) ? 0 : O_NOFOLLOW;
  const fd = await promisify(open)(file, O_WRONLY | O_CREAT | O_NONBLOCK | follow, OWNER_ONLY);
  try {
    const opened = await promisify(fstat)(fd);
    await refusePlanted(`write ${name}`, file, opened);
    if (opened.isFile()) await promisify(ftruncate)(fd);
    return fd;
  } catch (error) {
    await promisify(close)(fd);
    throw error;
  }
}

/** The descriptor of this process that the name stands for, as /dev/stdout does; undefined for any other file. */
export async function ownDescriptor(name: string): Promise<number | undefined> {
  try {
    const file = await linkedFile(name);
    const number = /^\d+$/.exec(path.basename(file))?.[0];
    return number !== undefined && (await folderOf(file)) === `/proc/${process.pid}/fd`
      ? Number(number)
      : undefined;
  } catch {
    // Opening it will say what is wrong with it.
    return undefined;
  }
}

/** What the name stands for in the end: a file that is no link, or not there, or one of /proc. */
async function linkedFile(name: string): Promise<string> {
  let file = name;
  for (let links = 0; links < MOST_LINKS; links++) {
    const found = await statOf(file);
    if (!found) return file;
    await refusePlanted(`write ${name}`, file, found);
    const folder = await folderOf(file);
    if (!found.isSymbolicLink() || isProc(folder)) return file;
    const target = await readlink(file);
    file = path.isAbsolute(target) ? target : `${folder}/${target}`;
  }
  return file;
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder that the file is in, without links. */
async function folderOf(file: string): Promise<string> {
  return realpath(path.dirname(file));
}

function isProc(folder: string): boolean {
  return `${folder}/`.startsWith(PROC);
}
