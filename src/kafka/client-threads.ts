import { addon } from '../addon/addon.js';
import { messageOf, UserError } from '../errors/user-error.js';
import type { Properties } from './properties.js';
import { brokersOf } from './security.js';

/** What librdkafka says of a client that it can't make for want of threads, and the addon before it comes to that. */
const NO_THREADS = /thread/;
/** Of two clients at a time: their main and background threads, those of brokers without an address, and kcap's. */
const THREADS_WITHOUT_BROKERS = 10;

/**
 * Throws a UserError where the threads that clients begin with can't be made. librdkafka would end the process, without
 * a word; where clients are kcap's own, the addon looks again.
 */
export function requireThreads(properties: Properties): void {
  const brokers = brokersOf(properties).split(',').length;
  try {
    addon.requireThreads(THREADS_WITHOUT_BROKERS + 2 * brokers);
  } catch (error) {
    throw clientError('Kafka client', messageOf(error));
  }
}

/** Why there is no client: the settings, unless it is for want of threads. */
export function clientError(what: string, cause: string): UserError {
  return threadError(what, cause) ?? new UserError(what, cause, { exitStatus: 2 });
}

/** The error for this cause where it is the want of threads. */
export function threadError(what: string, cause: string): UserError | undefined {
  if (!NO_THREADS.test(cause)) return undefined;
  return new UserError(what, cause, {
    remedy: 'raise the limit of processes: ulimit -u, TasksMax= of a unit, pids.max of a container',
  });
}
