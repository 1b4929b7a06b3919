import { addon } from '../addon/addon.js';
import type { TaskState } from '../task/task-status.js';
import type { Tasks } from '../task/tasks.js';
import { collectGarbage } from './garbage.js';

/** By then a task's threads have ended, and so have those of tasks that end together. */
const LATER_MS = 1000;

const ENDED: ReadonlySet<TaskState> = new Set(['stopped', 'failed']);

/**
 * Gives memory back that tasks have left: what their batches held, and what lies in the arenas of their threads, of which
 * each has one of its own. Without this, an agent whose tasks come and go keeps several times what it uses.
 */
export class FreedMemory {
  readonly #giveBack: () => void;
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(tasks: Pick<Tasks, 'onChange'>, giveBack?: () => void) {
    this.#giveBack =
      giveBack ??
      (() => {
        void collectGarbage().then(() => {
          addon.giveBackFreedMemory();
        });
      });
    this.#leave = tasks.onChange(({ state }, change) => {
      if (change === 'deleted' || ENDED.has(state)) this.#later();
    });
  }

  close(): void {
    this.#leave();
    clearTimeout(this.#timer);
  }

  /** Once for all that end within this time. */
  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#giveBack();
    }, LATER_MS).unref();
  }
}
