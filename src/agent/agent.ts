import path from 'node:path';
import type { Logger } from 'pino';
import { documentOf } from '../documents/document.js';
import { UserError } from '../errors/user-error.js';
import type { ByteOutput } from '../files/byte-output.js';
import { shareTrouble } from '../kafka/client-log.js';
import { Scope } from '../pipeline/scope.js';
import { ignoredTaskKeys } from '../task/description/ignored-task-keys.js';
import { checkTask } from '../task/description/read-task.js';
import type { TaskDescription } from '../task/description/task.js';
import { TaskBudget, type BudgetOptions } from '../task/task-budget.js';
import { TaskFolder } from '../task/task-folder.js';
import type { OpenTaskRun } from '../task/task-run.js';
import type { TaskState } from '../task/task-status.js';
import { Tasks } from '../task/tasks.js';
import { openTaskRun } from '../task/workers/task-workers.js';
import {
  Commands,
  type CapturesAsked,
  type Channel,
  type Commanded,
  type Reloaded,
} from './commands.js';
import type { AgentConfiguration } from './configuration/configuration.js';
import type { NodeConfiguration } from './configuration/node.js';
import { FreedMemory } from './freed-memory.js';
import { PidFile } from './pid-file.js';
import { changesBetween, effective, wordsFor } from './reload.js';
import { Services, type Served } from './services.js';
import { SocketChannel } from './socket-channel.js';
import { captureSettings, noTarget, triggerSettings } from './triggers/trigger-settings.js';
import { taskUploads } from './task-uploads.js';
import type { Triggers } from './triggers/triggers.js';

/** How long a stop waits for what tasks have taken. */
const DRAIN_MS = 10_000;

/** The states of a task that should run, but doesn't. */
const SHOULD_RUN: ReadonlySet<TaskState> = new Set(['created', 'starting', 'failed']);

/** What the process gives its agent. */
export interface AgentParts {
  readonly log: Logger;
  /** kcap's own. */
  readonly version: string;
  /** Opens what console reporters write to. */
  readonly openConsole: () => ByteOutput;
  /** Reads the configuration again; throws a UserError where it makes no sense. */
  readonly readAgain: () => Promise<AgentConfiguration>;
  /** Has the log go on as the configuration says. */
  readonly changeLog: (log: AgentConfiguration['log']) => Promise<void>;
  /** What the program is made of, for metrics. */
  readonly build: Readonly<Record<string, string>>;
}

/** Runs tasks and takes commands for them, until somebody has it end. */
export class Agent implements Commanded {
  readonly tasks: Tasks;
  readonly commands: Commands;
  readonly version: string;
  readonly startedAtMs = Date.now();
  readonly #parts: AgentParts;
  readonly #scope = new Scope();
  readonly #asked = new AbortController();
  readonly #budget: TaskBudget;
  #configuration: AgentConfiguration;
  #triggers: Triggers | undefined;
  #services: Services | undefined;
  /** One after the other. */
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(
    configuration: AgentConfiguration,
    parts: AgentParts,
    folder: TaskFolder | undefined,
  ) {
    const { log, version } = parts;
    const { autoRestart, maxTaskHistory: mostEnded } = configuration.taskPersistence;
    this.#budget = new TaskBudget(boundsOf(configuration), () => this.#triggers?.memoryBytes ?? 0);
    this.#configuration = configuration;
    this.#parts = parts;
    this.version = version;
    this.tasks = new Tasks({
      open: this.#openRun,
      read: (document) => this.readTask(document),
      budget: this.#budget,
      drainTimeoutMs: DRAIN_MS,
      ...{ folder, mostEnded, autoRestart, log },
    });
    this.commands = new Commands(this, log);
    // What a task no longer takes may be what a capture waits for.
    this.tasks.onChange(() => this.#triggers?.look());
  }

  /** Opens all that it has, and takes up the tasks that the one before it has left. */
  static async open(configuration: AgentConfiguration, parts: AgentParts): Promise<Agent> {
    const folder = configuration.taskPersistence.enabled
      ? await TaskFolder.open(path.join(configuration.dataDir, 'tasks'))
      : undefined;
    const agent = new Agent(configuration, parts, folder);
    agent.#scope.own({ close: shareTrouble(parts.log) });
    if (folder) agent.#scope.own(folder);
    try {
      await agent.tasks.restore();
      await agent.#openTriggers();
      await agent.#openChannels();
      agent.#scope.own(new FreedMemory(agent.tasks));
      agent.#collectNowAndThen();
      return agent;
    } catch (error) {
      await agent.close();
      throw error;
    }
  }

  /** Aborted once it is asked to end. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  get node(): NodeConfiguration {
    return this.#configuration.node;
  }

  /** As it was read last. */
  get configuration(): AgentConfiguration {
    return this.#configuration;
  }

  async readTask(document: unknown): Promise<TaskDescription> {
    const task = documentOf('task', document);
    const description = await checkTask(task);
    for (const { where, why } of ignoredTaskKeys(task))
      this.#parts.log.warn(
        { event: 'key-ignored', task: description.id, key: where },
        `${description.id}: ${where}: ${why}`,
      );
    return description;
  }

  capture(message: unknown): CapturesAsked {
    const { triggers } = this.#configuration;
    if (!triggers.socket)
      throw new UserError('capture', 'it is switched off here (triggers.socket)');
    if (!this.#triggers) throw noTarget();
    const { takenUp, answer } = this.#triggers.capture(message);
    return { begun: takenUp, answer };
  }

  /** Reloads the configuration. Tasks that run keep running; one that makes no sense changes nothing. */
  async reload(): Promise<Reloaded> {
    const reloading = this.#reloading.then(() => this.#reload());
    this.#reloading = reloading.catch(() => undefined);
    return reloading;
  }

  async #reload(): Promise<Reloaded> {
    const { log, readAgain, changeLog } = this.#parts;
    const before = this.#configuration;
    const next = await readAgain();
    const changes = changesBetween(before, next);
    const holding = effective(before, next);
    // First of all, since it may fail.
    await this.#services?.change(holding);
    await changeLog(holding.log);
    this.#budget.change(boundsOf(holding));
    this.#configuration = holding;
    this.#triggers?.update(captureSettings(holding));
    log.info({ event: 'reloaded', ...changes }, wordsFor(changes));
    return changes;
  }

  shutDown(): void {
    this.#asked.abort();
  }

  allows(method: string, channel: Channel): boolean {
    // Only the agent's user and its group may connect to the socket.
    if (channel === 'socket') return true;
    return this.#configuration.commandChannel?.allow.includes(method) === true;
  }

  /** Stops all tasks, side by side: what they have taken goes out first. Commands that came meanwhile are answered. */
  async close(): Promise<void> {
    await Promise.all([this.tasks.close(), this.#triggers?.close()]);
    await this.#scope.close();
  }

  async #openTriggers(): Promise<void> {
    const { log } = this.#parts;
    // Loaded on use: most agents have none.
    const { Triggers } = await import('./triggers/triggers.js');
    const settings = triggerSettings(this.#configuration);
    const memory = {
      boundBytes: () => this.#budget.memoryBytes,
      leftBytes: () => this.#budget.memoryBytes - this.tasks.memoryBytes,
    };
    this.#triggers = await Triggers.open(settings, {
      ...{ application: `kcap ${this.version}`, memory, log },
      keptBounds: () => this.#configuration.resources.kept,
    });
  }

  async #openChannels(): Promise<void> {
    const { log } = this.#parts;
    const { control } = this.#configuration;
    const socket = { path: control.socket, group: control.group };
    this.#scope.own(await SocketChannel.open(socket, this.commands, log));
    this.#services = this.#scope.own(await Services.open(this.#configuration, this.#served(), log));
    if (control.pidFile !== undefined) this.#scope.own(await PidFile.write(control.pidFile));
  }

  /** The agent as others see it. */
  #served(): Served {
    const { commands, tasks } = this;
    return {
      commands: {
        answer: (method, params) => commands.answer(method, params, { channel: 'kafka' }),
        changes: (method) => commands.changes(method, 'kafka'),
      },
      counts: commands.counts,
      measure: () => ({
        tasks: tasks.measured(),
        commands: commands.counts.all(),
        captures: this.#triggers?.counts() ?? [],
        droppedCaptures: this.#triggers?.dropped ?? 0,
        build: { version: this.version, ...this.#parts.build },
      }),
      notReady: () =>
        tasks
          .statuses()
          .filter(({ state }) => SHOULD_RUN.has(state))
          .map(({ id, state, reason = '' }) => `${id}: ${state}${reason && `: ${reason}`}`),
    };
  }

  /** What a task does, with what the configuration has for it now. */
  readonly #openRun: OpenTaskRun = (task, scope, { stop, log, pace }) => {
    const { kafka, reporters, backpressure, decoder, node, dataDir } = this.#configuration;
    return openTaskRun(task, scope, {
      defaults: { connection: kafka, ...reporters, ...backpressure, ...decoder },
      who: { agentId: node.hostname, pipelineId: 0 },
      spoolFolder: path.join(dataDir, 'spool', task.id),
      openConsole: this.#parts.openConsole,
      application: `kcap ${this.version}`,
      openUpload: taskUploads(this.#configuration, `kcap ${this.version}`),
      ...{ stop, log, pace },
    });
  };

  #collectNowAndThen(): void {
    const timer = setInterval(() => {
      this.tasks.collect();
    }, this.#configuration.taskPersistence.gcIntervalMs).unref();
    this.#scope.own({
      close: () => {
        clearInterval(timer);
      },
    });
  }
}

function boundsOf({ resources }: AgentConfiguration): BudgetOptions {
  return { memoryBytes: resources.maxMemoryBytes, workers: resources.maxWorkers };
}
