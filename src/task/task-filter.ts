import { readyFilter } from '../capture/ready-filter.js';
import { UserError } from '../errors/user-error.js';

/** A pcap-filter expression of a task with the hosts' names looked up; throws a UserError for one that makes no sense. */
export async function readyTaskFilter(expression: string): Promise<string> {
  try {
    return await readyFilter(expression);
  } catch (error) {
    // The command line's name for it.
    const what = `-f '${expression}'`;
    if (!(error instanceof UserError) || !error.message.startsWith(what)) throw error;
    const cause = error.message.slice(what.length + 2);
    const { remedy, exitStatus } = error;
    throw new UserError(`filter '${expression}'`, cause, { remedy, exitStatus });
  }
}
