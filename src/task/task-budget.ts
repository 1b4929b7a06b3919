import { UserError } from '../errors/user-error.js';
import type { TaskDescription } from './description/task.js';

const MIB = 1024 * 1024;
/** What an idle task takes beside its rings: batches, decoders, a client. */
const REST_BYTES = 12 * MIB;
/** What a worker that decodes takes, idle, beside its ring. */
const WORKER_BYTES = 28 * MIB;

export interface BudgetOptions {
  /** For all of it together. */
  readonly memoryBytes: number;
  /** Threads of all tasks that have more than one. */
  readonly workers: number;
}

/** What all tasks of an agent, and all else that takes memory at others' request, may take together. */
export class TaskBudget {
  readonly #besideBytes: () => number;
  #options: BudgetOptions;

  /** @param besideBytes what is taken at present by what is no task */
  constructor(options: BudgetOptions, besideBytes: () => number = () => 0) {
    this.#options = options;
    this.#besideBytes = besideBytes;
  }

  get memoryBytes(): number {
    return this.#options.memoryBytes;
  }

  /** Holds for tasks that start from now on. */
  change(options: BudgetOptions): void {
    this.#options = options;
  }

  /** Throws a UserError for a task that does not fit beside those that run. */
  admit(task: TaskDescription, others: readonly TaskDescription[]): void {
    const { memoryBytes, workers } = this.#options;
    const what = `task ${task.id}`;
    const taken = others.reduce((total, other) => total + memoryOf(other), this.#besideBytes());
    if (taken + memoryOf(task) > memoryBytes)
      throw new UserError(
        what,
        `it takes ${mib(memoryOf(task))} MiB, and ${mib(taken)} of ${mib(memoryBytes)} MiB are taken`,
        { remedy: 'give it a smaller ring (buffer_mib), or raise resources.max_memory' },
      );
    const busy = others.reduce((total, other) => total + workersOf(other), 0);
    if (workersOf(task) > 0 && busy + workersOf(task) > workers)
      throw new UserError(
        what,
        `it takes ${workersOf(task)} workers, and ${busy} of ${workers} are taken`,
        { remedy: 'give it fewer workers, or raise resources.max_workers' },
      );
  }
}

/** Bytes that a task takes as soon as it runs: above all, the kernel's ring of each interface and worker. */
export function memoryOf({ capture, parsers, workers, reporters }: TaskDescription): number {
  const rings = capture.name === 'afpacket' ? capture.interfaces.length * workers : 0;
  const ringBytes = capture.name === 'afpacket' ? capture.bufferMiB * MIB : 0;
  const decoders = rings > 0 && workers > 1 && parsers.length > 0 ? workers : 0;
  // A file is in memory while it is uploaded.
  const uploads = reporters.map((reporter) =>
    reporter.name === 'upload' ? reporter.conditions.fileBytes : 0,
  );
  return uploads.reduce(
    (total, bytes) => total + bytes,
    rings * ringBytes + decoders * WORKER_BYTES + REST_BYTES,
  );
}

/** Threads of its own: a task with one worker shares the agent's. */
function workersOf({ workers }: TaskDescription): number {
  return workers > 1 ? workers : 0;
}

function mib(bytes: number): string {
  return String(Math.round(bytes / MIB));
}
