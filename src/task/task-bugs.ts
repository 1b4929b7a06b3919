import { AsyncLocalStorage } from 'node:async_hooks';
import { messageOf } from '../errors/user-error.js';

/** What an error that nobody catches ends. */
interface Breakable {
  readonly isAlive: boolean;
  /** Nothing of it can be relied on any more. */
  break(error: unknown): void;
}

/** An error that nobody has caught, whatever it was: also a user's error, as nobody was there to show it. */
export class Bug extends Error {
  constructor(override readonly cause: unknown) {
    super(messageOf(cause));
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack;
  }
}

const atWork = new AsyncLocalStorage<Breakable>();

/** Does a task's work, and knows it again in timers, promises and callbacks that come of it. */
export function workOf<Result>(task: Breakable, work: () => Result): Result {
  return atWork.run(task, work);
}

/** Ends the task whose work has thrown an error that nobody has caught; false if no task's has. */
export function blameTask(error: unknown): boolean {
  const task = atWork.getStore();
  if (!task?.isAlive) return false;
  task.break(error);
  return true;
}
