import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors/user-error.js';

/** In such a folder (as /tmp) everybody may leave files, and each can remove only their own. */
const STICKY_AND_WRITABLE_BY_ALL = 0o1002;

/**
 * Throws a UserError for `what` where somebody else has left this file, link or folder in a folder for everybody. Its
 * owner would choose where kcap writes, or could read what it writes. It is what Linux's fs.protected_symlinks,
 * protected_regular and protected_fifos refuse where they are set.
 *
 * @param found of the file itself, not of what it links to
 */
export async function refusePlanted(what: string, file: string, found: Stats): Promise<void> {
  const folder = await stat(path.dirname(file));
  const isForAll = (folder.mode & STICKY_AND_WRITABLE_BY_ALL) === STICKY_AND_WRITABLE_BY_ALL;
  const trusted = [0, process.geteuid?.(), folder.uid];
  if (!isForAll || trusted.includes(found.uid)) return;
  throw new UserError(
    what,
    `${file} is another user's (uid ${found.uid}), in a folder that everybody may write to`,
    { remedy: 'remove it, or choose a place in a folder of your own' },
  );
}
