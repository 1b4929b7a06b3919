import { codeOf, messageOf, UserError } from './user-error.js';

/** A file or folder that the user named, as remedies speak of it. */
export interface Place {
  /** How to name one: "name", "a" or "another", then this. */
  readonly named: { readonly verb: string; readonly noun: string };
  readonly use: 'read' | 'write to';
  /** The remedy where it is missing. */
  readonly missing: string;
}

/** What the system refused: the cause in its own words, and what to do about it at this place. */
export function systemError(what: string, error: unknown, place: Place): UserError {
  if (error instanceof UserError) return error;
  return new UserError(what, systemCause(error), { remedy: systemRemedy(error, place) });
}

/** The message without the call and the path that the system's errors end with. */
export function systemCause(error: unknown): string {
  const message = messageOf(error);
  return isOfSystem(error) ? message.replace(/, [a-z]+( .*)?$/, '') : message;
}

/** What to do about an error of the system's; undefined where it is none, or nothing is known to help. */
export function systemRemedy(error: unknown, place: Place): string | undefined {
  const { verb, noun } = place.named;
  const one = `${verb} a ${noun}`;
  const another = `${verb} another ${noun}`;
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `${one} that this user may ${place.use}`;
    case 'EROFS':
      return `${one} on a file system that can be written to`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `something that is not a folder is in the way: ${another}`;
    case 'EISDIR':
      return `it is a folder: ${one}`;
    case 'ELOOP':
      return `links lead nowhere, or somebody has planted one there: ${another}`;
    case 'ENXIO':
      return `it is a socket, or a device that is not there: ${another}`;
    case 'ENOENT':
      return place.missing;
    case 'ENOSPC':
    case 'EDQUOT':
      return `make room there, or ${one} on another disk`;
    case 'EIO':
      return `the disk fails: ${one} on another one`;
    case 'EMFILE':
      return 'raise the number of files that a process may open (ulimit -n)';
    case 'ENFILE':
      return 'raise the number of files that this system opens (sysctl fs.file-max)';
    default:
      return undefined;
  }
}

/** What there is no room for; undefined where the error is of another kind. */
export function shortage(
  error: unknown,
): 'the disk is full' | 'too many files are open' | undefined {
  const code = codeOf(error) ?? '';
  if (['ENOSPC', 'EDQUOT'].includes(code)) return 'the disk is full';
  return ['EMFILE', 'ENFILE'].includes(code) ? 'too many files are open' : undefined;
}

/** Node's errors of system calls say which it was. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
