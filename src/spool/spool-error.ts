import { codeOf, messageOf, UserError } from '../errors/user-error.js';

const ANOTHER_FOLDER = 'name another folder with --spool';

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'name a folder with --spool that this user may write to',
  EPERM: 'name a folder with --spool that this user may write to',
  EROFS: 'name a folder with --spool on a file system that can be written to',
  ENOTDIR: `something that is not a folder is in the way: ${ANOTHER_FOLDER}`,
  EEXIST: `something that is not a folder is in the way: ${ANOTHER_FOLDER}`,
  ELOOP: `links lead nowhere, or somebody has planted one there: ${ANOTHER_FOLDER}`,
  ENOENT: `it was removed while it was in use: ${ANOTHER_FOLDER}`,
  ENOSPC: 'make room there, or name a folder with --spool on another disk',
  EDQUOT: 'make room there, or name a folder with --spool on another disk',
  EIO: 'the disk fails: name a folder with --spool on another one',
};

/** What went wrong with a spool's folder, and what to do about it. */
export function spoolError(folder: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(`spool ${folder}`, systemCause(error), {
    remedy: REMEDIES[codeOf(error) ?? ''],
  });
}

/** The message without the call and the path that the system's errors end with. */
export function systemCause(error: unknown): string {
  return messageOf(error).replace(/, [a-z]+( .*)?$/, '');
}

/** What there is no room for; undefined where the error is of another kind. */
export function shortage(
  error: unknown,
): 'the disk is full' | 'too many files are open' | undefined {
  const code = codeOf(error) ?? '';
  if (['ENOSPC', 'EDQUOT'].includes(code)) return 'the disk is full';
  return ['EMFILE', 'ENFILE'].includes(code) ? 'too many files are open' : undefined;
}
