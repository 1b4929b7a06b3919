import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { addon } from '../addon/addon.js';
import type { NativeUser } from '../addon/system.js';
import { systemCause } from '../errors/system-error.js';
import { codeOf, usageError, UserError } from '../errors/user-error.js';

/** A user of this system that root can become. */
export interface User extends NativeUser {
  readonly name: string;
}

/** The user that -Z names; throws where there is none, or where this process can't become another user. */
export function parseUser(name: string | undefined): User | undefined {
  if (name === undefined) return undefined;
  const user = addon.userNamed(name);
  if (!user)
    throw usageError(`-Z ${name}`, 'no such user', "'getent passwd' lists those that exist");
  if (user.uid === 0)
    throw usageError(`-Z ${name}`, 'it is root itself', 'name a user without privileges');
  if (process.geteuid?.() !== 0)
    throw new UserError(`-Z ${name}`, 'only root can become another user', {
      remedy: 'run it as root, or leave -Z out',
    });
  return { name, ...user };
}

/** Becomes this user for good, with all threads: in all groups of the user's and no others, without capabilities. */
export function becomeUser({ name, uid, gid, groups }: User, log: Logger): void {
  try {
    // In this order: each takes what the next one gives up.
    process.setgroups?.(groups);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw new UserError(`-Z ${name}`, systemCause(error));
    throw new UserError(`-Z ${name}`, 'it may not become another user', {
      remedy: 'give it the capabilities CAP_SETUID and CAP_SETGID, or leave -Z out',
    });
  }
  if (canStillBeRoot())
    throw new UserError(`-Z ${name}`, 'the process could become root again', {
      remedy: 'run it without the securebit no_setuid_fixup, or leave -Z out',
    });
  log.info({ event: 'privileges', uid, gid, groups }, `running as ${name} from now on`);
}

function canStillBeRoot(): boolean {
  const hasNoCapabilities = /^CapPrm:\t0+$/m.test(readFileSync('/proc/self/status', 'utf8'));
  if (!hasNoCapabilities) return true;
  try {
    process.seteuid?.(0);
    return true;
  } catch {
    return false;
  }
}
