import type { TaskCounts } from './task-counts.js';

/**
 * `starting`: it is being opened, or waits to be opened again. `stopped`: its limits were reached, its input ended, or
 * somebody stopped it. `failed`: it can't run as it is described.
 */
export type TaskState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

/** A task's state, and what all its runs have counted. */
export interface TaskStatus extends TaskCounts {
  readonly id: string;
  readonly state: TaskState;
  /** Why it failed, ended or has to wait; undefined where there is nothing to say. */
  readonly reason?: string;
  /** When what runs, or ran last, began. */
  readonly startedAt?: Date;
}
