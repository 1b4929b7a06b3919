import { usageError } from '../errors/user-error.js';

/** Those of 0, 1 and 2 that bin/kcap has found closed: Node has opened /dev/null in their place. */
const VARIABLE = 'KCAP_CLOSED_DESCRIPTORS';
const closed = process.env[VARIABLE] ?? '';
// It is about this process, not about its children.
Reflect.deleteProperty(process.env, VARIABLE);

/** Throws a UserError where standard input (0) or standard output (1) is needed and was closed when kcap was started. */
export function refuseClosed(descriptor: 0 | 1): void {
  if (!closed.includes(String(descriptor))) return;
  throw descriptor === 0
    ? usageError('standard input', 'it is closed', 'name a file, or redirect standard input (<)')
    : usageError(
        'standard output',
        'it is closed',
        'redirect it to a file or a pipe, or to /dev/null if nobody needs it',
      );
}
