import type { Logger } from 'pino';
import { checkFilter } from '../capture/capture-filter.js';
import { messageOf, UserError } from '../errors/user-error.js';
import type { TaskDescription } from './description/task.js';
import { SerialQueue } from './serial-queue.js';
import { Task, type TaskParts } from './task.js';
import { memoryOf, type TaskBudget } from './task-budget.js';
import { NoSuchTask, TaskExists } from './task-errors.js';
import type { KeptTask, TaskFolder } from './task-folder.js';
import type { OpenTaskRun } from './task-run.js';
import type { TaskStatus } from './task-status.js';

/** A description, and what it was read from. */
export interface WrittenTask {
  readonly description: TaskDescription;
  readonly document: unknown;
}

export interface TasksParts {
  readonly open: OpenTaskRun;
  /** Reads a description; throws a UserError for one that makes no sense. */
  readonly read: (document: unknown) => Promise<TaskDescription>;
  /** Where tasks are kept over restarts; undefined: they are not. */
  readonly folder: TaskFolder | undefined;
  readonly budget: TaskBudget;
  /** How many of those that have ended are kept. */
  readonly mostEnded: number;
  /** Whether what ran is started again after a restart. */
  readonly autoRestart: boolean;
  readonly drainTimeoutMs: number;
  readonly log: Logger;
  readonly wait?: TaskParts['wait'];
}

/** What happens to tasks; `deleted` is the last that is heard of one. */
export type TaskListener = (status: TaskStatus, change: 'changed' | 'deleted') => void;

interface Entry {
  readonly task: Task;
  /** What commands do with it, and what is written of it: one after the other. */
  readonly changes: SerialQueue;
  readonly writes: SerialQueue;
  kept: Omit<KeptTask, 'id'>;
  /** Whether it was created, once that is known; undefined where it has been there before. */
  created: Promise<boolean> | undefined;
  isDeleted: boolean;
}

/** The tasks of an agent, by their ids. Whatever can't be done is a UserError, and has changed nothing. */
export class Tasks {
  readonly #parts: TasksParts;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<TaskListener>();
  /** Ids whose files are there and can't be read: nobody writes over them. */
  readonly #damaged = new Set<string>();
  #isEnding = false;

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** Calls `listener` for all that happens to tasks, until the returned function is called. */
  onChange(listener: TaskListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes up what an agent before this one has kept. Does not wait until it runs. */
  async restore(): Promise<void> {
    const { folder, log, autoRestart } = this.#parts;
    if (!folder) return;
    const { tasks, damaged } = await folder.read();
    for (const { path, cause } of damaged) this.#sayDamaged(path, cause);
    for (const { id, ...kept } of tasks) {
      let description: TaskDescription;
      try {
        description = await this.#read(kept);
        if (description.id !== id) throw new Error(`it describes task ${description.id}`);
      } catch (error) {
        this.#sayDamaged(folder.fileOf(id), messageOf(error));
        continue;
      }
      const { task } = this.#add(description, kept);
      if (kept.wanted === 'stopped') task.refuse('stopped', kept.reason ?? 'stopped by a command');
      else if (!autoRestart)
        task.refuse('stopped', 'tasks are not started again (task_persistence.auto_restart)');
      else this.#restart(task);
    }
    if (tasks.length > 0) log.info(`${tasks.length} task(s) restored from ${folder.path}`);
  }

  /**
   * Adds a task and waits for its first opening. What fails for good is forgotten; what may pass, such as a broker that is
   * away, is tried again.
   */
  async create({ description, document }: WrittenTask): Promise<void> {
    const { id } = description;
    const { folder } = this.#parts;
    this.#refuseAtEnd(id);
    if (this.#entries.has(id)) throw new TaskExists(id);
    if (this.#damaged.has(id) && folder && (await folder.has(id)))
      throw new UserError(`task ${id}`, `${folder.fileOf(id)} is there and can't be read`, {
        remedy: 'mend or remove it, or choose another id',
      });
    this.#admit(description);
    const entry = this.#add(description, { document, wanted: 'running' });
    let settle: (isCreated: boolean) => void = () => undefined;
    entry.created = new Promise((resolve) => (settle = resolve));
    try {
      await entry.task.start();
      await this.#keep(entry);
      if (entry.isDeleted)
        throw new UserError(`task ${id}`, 'it was deleted while it was starting');
      settle(true);
    } catch (error) {
      settle(false);
      await entry.task.stop();
      await folder?.remove(id).catch(() => undefined);
      this.#forget(entry);
      throw error;
    } finally {
      entry.created = undefined;
    }
    this.#collect();
  }

  /** Puts a description in place of the one before, with a stop between them; of no use: the one before goes on. */
  async update({ description, document }: WrittenTask): Promise<void> {
    const { id } = description;
    await this.#inTurn(id, async (before) => {
      this.#parts.budget.admit(description, this.#living(before.task));
      await before.task.stop();
      const after = this.#add(description, { document, wanted: 'running' }, before.changes);
      try {
        await after.task.start();
        await this.#keep(after);
      } catch (error) {
        await after.task.stop();
        this.#entries.set(id, before);
        if (before.kept.wanted === 'running') this.#restart(before.task);
        throw error;
      }
    });
  }

  /** Stops it as `stop` does, and forgets it. */
  async delete(id: string): Promise<void> {
    const entry = this.#entry(id);
    // Its creator need not wait for its opening any more.
    if (entry.created) {
      entry.isDeleted = true;
      const { created } = entry;
      await entry.task.stop();
      await created;
      if (this.#entries.get(id) !== entry) return;
    }
    await this.#inTurn(id, async (found) => {
      await found.task.stop();
      await this.#parts.folder?.remove(id);
      this.#forget(found);
    });
  }

  /** Stops it; all that it has taken goes out first. It stays, and can be started again. */
  async stop(id: string): Promise<void> {
    await this.#inTurn(id, async (entry) => {
      await this.#keep(entry, { wanted: 'stopped' });
      await entry.task.stop();
    });
  }

  /** Starts it again, and waits for its opening. */
  async start(id: string): Promise<void> {
    await this.#inTurn(id, async (entry) => {
      if (entry.task.isAlive) return;
      this.#admit(entry.task.description);
      await entry.task.start();
      await this.#keep(entry, { wanted: 'running' });
    });
  }

  /** Changes its capture filter: without a gap where it runs. */
  async setFilter(id: string, expression: string): Promise<void> {
    await this.#inTurn(id, async (entry) => {
      const { task } = entry;
      checkFilter(expression);
      await task.setFilter(expression, withFilter(task.description, expression));
      await this.#keep(entry, { bpfFilter: expression });
    });
  }

  /** The ids, in order. */
  list(): string[] {
    return [...this.#entries.keys()].sort();
  }

  status(id: string): TaskStatus {
    return this.#entry(id).task.status();
  }

  /** The statuses of all, in the order of their ids. */
  statuses(): TaskStatus[] {
    return this.list().map((id) => this.status(id));
  }

  /** All of them with what metrics tell of them besides. */
  measured(): (TaskStatus & Pick<Task, 'description' | 'pace'>)[] {
    return this.statuses().map((status) => {
      const { description, pace } = this.#entry(status.id).task;
      return { ...status, description, pace };
    });
  }

  description(id: string): TaskDescription {
    return this.#entry(id).task.description;
  }

  /** What those take that run, or are about to. */
  get memoryBytes(): number {
    return this.#living().reduce((total, task) => total + memoryOf(task), 0);
  }

  /** Forgets the oldest of those that have ended by themselves, beyond the number that is kept. */
  collect(): void {
    this.#collect();
  }

  /** Ends all of them side by side: what they have taken goes out first, within the drain timeout. */
  async close(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([...this.#entries.values()].map(({ task }) => task.stop()));
  }

  async #read({ document, bpfFilter }: Omit<KeptTask, 'id'>): Promise<TaskDescription> {
    const description = await this.#parts.read(document);
    return bpfFilter === undefined ? description : withFilter(description, bpfFilter);
  }

  #add(description: TaskDescription, kept: Entry['kept'], changes = new SerialQueue()): Entry {
    const { open, log, drainTimeoutMs, wait } = this.#parts;
    const task = new Task(description, {
      ...{ open, log, drainTimeoutMs },
      ...(wait && { wait }),
      onChange: () => {
        this.#tell(task.status(), 'changed');
      },
      onEnd: async (_, state, reason) => {
        // What has failed is tried again after a restart; what has done its work is not.
        if (state === 'failed' || (await entry.created) === false) return;
        await this.#keep(entry, { wanted: 'stopped', reason }).catch((error: unknown) => {
          log.error(messageOf(error));
        });
      },
    });
    const entry: Entry = {
      ...{ task, changes, kept, writes: new SerialQueue() },
      ...{ created: undefined, isDeleted: false },
    };
    this.#entries.set(description.id, entry);
    return entry;
  }

  /** Starts it and waits for nobody: its state says what becomes of it. */
  #restart(task: Task): void {
    try {
      this.#admit(task.description);
    } catch (error) {
      task.refuse('failed', messageOf(error));
      return;
    }
    void task.start().catch(() => undefined);
  }

  #admit(description: TaskDescription): void {
    this.#parts.budget.admit(description, this.#living());
  }

  /** What needs memory now, but for one. */
  #living(but?: Task): TaskDescription[] {
    const tasks = [...this.#entries.values()].map(({ task }) => task);
    return tasks
      .filter((task) => task.isAlive && task !== but && task.id !== but?.id)
      .map(({ description }) => description);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new NoSuchTask(id);
    return entry;
  }

  /** Does something with a task, after all that was asked of it before. The task must still be there by then. */
  async #inTurn(id: string, work: (entry: Entry) => Promise<void>): Promise<void> {
    this.#refuseAtEnd(id);
    await this.#entry(id).changes.run(() => work(this.#entry(id)));
  }

  #refuseAtEnd(id: string): void {
    if (this.#isEnding) throw new UserError(`task ${id}`, 'the agent is stopping');
  }

  async #keep(entry: Entry, changed: Partial<Entry['kept']> = {}): Promise<void> {
    await entry.writes.run(async () => {
      // A reason goes with what it is the reason for.
      const { reason, ...kept } = { ...entry.kept, ...changed };
      const next = { ...kept, ...(!('wanted' in changed) && reason !== undefined && { reason }) };
      const said = changed.reason === undefined ? next : { ...next, reason: changed.reason };
      await this.#parts.folder?.write({ id: entry.task.id, ...said });
      entry.kept = said;
    });
  }

  #forget(entry: Entry): void {
    const { id } = entry.task;
    if (this.#entries.get(id) !== entry) return;
    this.#entries.delete(id);
    this.#tell(entry.task.status(), 'deleted');
  }

  #collect(): void {
    const ended = [...this.#entries.values()]
      .filter(
        ({ task, kept }) => task.state === 'failed' || (kept.reason !== undefined && !task.isAlive),
      )
      .sort((a, b) => (a.task.endedAtMs ?? 0) - (b.task.endedAtMs ?? 0));
    for (const { task } of ended.slice(0, Math.max(ended.length - this.#parts.mostEnded, 0)))
      void this.delete(task.id).catch((error: unknown) => {
        this.#parts.log.error(messageOf(error));
      });
  }

  #tell(status: TaskStatus, change: 'changed' | 'deleted'): void {
    for (const listener of this.#listeners) listener(status, change);
  }

  #sayDamaged(file: string, cause: string): void {
    this.#damaged.add(file.replace(/^.*\//, '').replace(/\.json$/, ''));
    this.#parts.log.error(
      { event: 'task-damaged', file },
      `${file}: ${cause}; the task is not restored, and the file stays as it is`,
    );
  }
}

function withFilter(description: TaskDescription, expression: string): TaskDescription {
  return { ...description, capture: { ...description.capture, bpfFilter: expression } };
}
