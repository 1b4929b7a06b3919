import type { Logger } from 'pino';
import { z } from 'zod';
import { listDevices } from '../capture/devices.js';
import { nearest } from '../errors/nearest.js';
import { messageOf, UserError } from '../errors/user-error.js';
import type { TaskDescription } from '../task/description/task.js';
import { taskReport } from '../task/task-report.js';
import type { Tasks } from '../task/tasks.js';
import { CommandCounts } from './command-counts.js';
import { CODES, CommandError } from './command-error.js';
import type { NodeConfiguration } from './configuration/node.js';
import { recent } from './recent.js';
import type { MessageAnswer } from './triggers/capture-result.js';

/** Where a command comes from. */
export type Channel = 'socket' | 'kafka';

/** The agent as commands see it. */
export interface Commanded {
  readonly tasks: Tasks;
  readonly version: string;
  readonly startedAtMs: number;
  /** Who it is. */
  readonly node: NodeConfiguration;
  /** Reads a task's description; throws a UserError for one that makes no sense. */
  readTask(document: unknown): Promise<TaskDescription>;
  /** Reloads its configuration; what has changed, and what needs a restart. */
  reload(): Promise<Reloaded>;
  /** Makes the captures that a message asks for; waits for all of them. Throws a UserError where it makes none. */
  capture(message: unknown): CapturesAsked;
  /** Has it end; returns at once. */
  shutDown(): void;
  /** Whether a command may come from this channel. */
  allows(method: string, channel: Channel): boolean;
}

export interface Reloaded {
  readonly changed: readonly string[];
  /** What has changed in the file, and takes a restart. */
  readonly restart: readonly string[];
}

/** A message that was taken. */
export interface CapturesAsked {
  /** Once its captures have begun, or are refused. */
  readonly begun: Promise<unknown>;
  /** Once they have gone to their targets. */
  readonly answer: Promise<MessageAnswer>;
}

export interface CommandOrigin {
  readonly channel: Channel;
}

interface Command {
  readonly parameters: z.ZodType;
  /** A result, or a promise of one. */
  answer(agent: Commanded, parameters: unknown, origin: CommandOrigin): unknown;
}

function command<Schema extends z.ZodType>(
  parameters: Schema,
  answer: (agent: Commanded, parameters: z.output<Schema>, origin: CommandOrigin) => unknown,
): Command {
  return {
    parameters,
    answer: (agent, given, origin) => answer(agent, given as z.output<Schema>, origin),
  };
}

const NONE = z.strictObject({});
const ID = z.strictObject({ task_id: z.string() });
const CONFIG = z.strictObject({ config: z.unknown() });
/** A capture message, or several: they have an answer of their own for what is wrong with them. */
const MESSAGE = z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]);

/** Looking means to open each of them, which takes a while: others who ask meanwhile, or soon after, need no look of their own. */
const interfaces = recent(listDevices, 1000);

/** All that an agent can be asked to do. The results are capture-agent's, with fields of our own. */
const COMMANDS: Readonly<Record<string, Command>> = {
  task_create: command(CONFIG, async (agent, { config }) => {
    const description = await readTask(agent, config);
    await agent.tasks.create({ description, document: config });
    return { task_id: description.id, status: 'created' };
  }),
  task_update: command(CONFIG, async (agent, { config }) => {
    const description = await readTask(agent, config);
    await agent.tasks.update({ description, document: config });
    return { task_id: description.id, status: 'updated' };
  }),
  task_delete: command(ID, async ({ tasks }, { task_id: id }) => {
    await tasks.delete(id);
    return { task_id: id, status: 'deleted' };
  }),
  task_stop: command(ID, async ({ tasks }, { task_id: id }) => {
    await tasks.stop(id);
    return { task_id: id, status: tasks.status(id).state };
  }),
  task_start: command(ID, async ({ tasks }, { task_id: id }) => {
    await tasks.start(id);
    return { task_id: id, status: tasks.status(id).state };
  }),
  task_filter: command(
    z.strictObject({ task_id: z.string(), bpf_filter: z.string() }),
    async ({ tasks }, { task_id: id, bpf_filter: filter }) => {
      await tasks.setFilter(id, filter);
      return { task_id: id, bpf_filter: filter };
    },
  ),
  task_list: command(NONE, ({ tasks }) => {
    const ids = tasks.list();
    return { tasks: ids, count: ids.length };
  }),
  task_status: command(
    z.strictObject({ task_id: z.string().optional() }),
    ({ tasks }, { task_id: id = '' }) => {
      if (id === '')
        return { tasks: Object.fromEntries(tasks.statuses().map(({ id, state }) => [id, state])) };
      const { state, ...report } = taskReport(tasks.status(id));
      return { task_id: id, status: state, ...report };
    },
  ),
  capture: command(MESSAGE, async (agent, message, { channel }) => {
    const { begun, answer } = agent.capture(message);
    // Commands from a topic are done one after the other, and none of them waits for an hour.
    if (channel === 'kafka') {
      await begun;
      return { status: 'taken' };
    }
    return captured(await answer);
  }),
  config_reload: command(NONE, async (agent) => ({
    status: 'reloaded',
    ...(await agent.reload()),
  })),
  daemon_status: command(NONE, ({ tasks, version, startedAtMs, node }) => {
    const ids = tasks.list();
    const uptime = Math.floor((Date.now() - startedAtMs) / 1000);
    const status = { version, uptime_sec: Math.max(uptime, 0), tasks: ids, task_count: ids.length };
    return { ...status, node };
  }),
  daemon_stats: command(NONE, ({ tasks }) => ({
    tasks: Object.fromEntries(tasks.statuses().map((status) => [status.id, taskReport(status)])),
  })),
  daemon_shutdown: command(NONE, (agent) => {
    agent.shutDown();
    return { status: 'shutting_down' };
  }),
  interface_list: command(NONE, async () => ({ interfaces: await interfaces() })),
};

export const METHODS = Object.keys(COMMANDS);

/** Methods that change nothing: repeating them does no harm. */
const ONLY_READ: ReadonlySet<string> = new Set([
  ...['task_list', 'task_status', 'daemon_status', 'daemon_stats', 'interface_list'],
]);

/** Answers commands, whichever channel they come from. */
export class Commands {
  /** What became of all that came over any channel. */
  readonly counts = new CommandCounts(METHODS);
  readonly #agent: Commanded;
  readonly #log: Logger;

  constructor(agent: Commanded, log: Logger) {
    this.#agent = agent;
    this.#log = log;
  }

  /** Whether a method changes something that may be asked of it over this channel. */
  changes(method: string, channel: Channel): boolean {
    return !ONLY_READ.has(method) && this.#agent.allows(method, channel);
  }

  /** Does what a method says; throws a CommandError for whatever can't be done, a bug included. */
  async answer(method: string, parameters: unknown, origin: CommandOrigin): Promise<unknown> {
    const { channel } = origin;
    try {
      const result = await this.#answer(method, parameters, origin);
      this.counts.add(channel, method, 'ok');
      return result;
    } catch (error) {
      const isRefused = error instanceof CommandError && error.code === CODES.notAllowed;
      this.counts.add(channel, method, isRefused ? 'refused' : 'error');
      throw error;
    }
  }

  async #answer(method: string, parameters: unknown, { channel }: CommandOrigin): Promise<unknown> {
    const found = Object.hasOwn(COMMANDS, method) ? COMMANDS[method] : undefined;
    if (!found) throw noSuchMethod(method);
    if (!this.#agent.allows(method, channel))
      throw new CommandError(CODES.notAllowed, `${method}: not allowed from ${channel}`);
    const parsed = found.parameters.safeParse(parameters ?? {});
    if (!parsed.success)
      throw new CommandError(CODES.badParameters, `${method}: ${firstIssue(parsed.error)}`);
    this.#log.debug({ event: 'command', method, channel }, `${method} from ${channel}`);
    try {
      return await found.answer(this.#agent, parsed.data, { channel });
    } catch (error) {
      throw this.#commandError(method, error);
    }
  }

  #commandError(method: string, error: unknown): CommandError {
    if (error instanceof CommandError) return error;
    if (error instanceof UserError)
      return new CommandError(CODES.notPossible, error.message, error.remedy);
    this.#log.error({ event: 'bug', err: error }, `${method}: a bug in kcap: ${messageOf(error)}`);
    return new CommandError(CODES.notPossible, `${method}: a bug in kcap: ${messageOf(error)}`);
  }
}

/** What came of a message; throws where all of it was refused. */
function captured(answer: MessageAnswer): MessageAnswer {
  const { captures, refused } = answer;
  if (captures.length === 0 && refused.length > 0)
    throw new CommandError(CODES.badParameters, `capture message: ${refused.join('; ')}`);
  return answer;
}

async function readTask(agent: Commanded, document: unknown): Promise<TaskDescription> {
  try {
    return await agent.readTask(document);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new CommandError(CODES.badParameters, error.message, error.remedy);
  }
}

function noSuchMethod(method: string): CommandError {
  const shown = method.length > 100 ? `${method.slice(0, 100)}…` : method;
  const meant = nearest(shown, METHODS);
  return new CommandError(
    CODES.noSuchMethod,
    `${shown}: no such method`,
    meant === undefined ? `there are: ${METHODS.join(', ')}` : `did you mean ${meant}?`,
  );
}

/** The first thing that is wrong with parameters, and where. */
function firstIssue({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'wrong parameters';
  const place = issue.path.map(String).join('.');
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}
