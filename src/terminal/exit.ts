import { addon } from '../addon/addon.js';
import type { ExitStatus } from '../errors/user-error.js';
import { standardError } from './standard-error.js';

/**
 * Ends the process, with what has been logged written, or at least waited for. Waits for nothing else: everything has
 * been closed, and a thread may be in a call that can't be interrupted.
 */
export function exitNow(status: ExitStatus): never {
  standardError.insist(() => undefined);
  return addon.exitNow(status);
}
