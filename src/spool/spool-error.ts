import { systemError, type Place } from '../errors/system-error.js';
import type { UserError } from '../errors/user-error.js';

const SPOOL: Place = {
  named: { verb: 'name', noun: 'folder with --spool' },
  use: 'write to',
  missing: 'it was removed while it was in use: name another folder with --spool',
};

/** What went wrong with a spool's folder, and what to do about it. */
export function spoolError(folder: string, error: unknown): UserError {
  return systemError(`spool ${folder}`, error, SPOOL);
}
