import { usageError } from '../errors/user-error.js';
import { outputColumns } from '../terminal/standard-output.js';
import { TASK_VERBS, type TASK_OPTIONS, type TaskVerb } from './agent-options.js';
import { ask, shown, type Answer } from './asking.js';
import type { Arguments, Runner } from './command.js';
import { tableText } from './table.js';
import { statsTable, taskText } from './task-text.js';

type TaskArguments = Arguments<typeof TASK_OPTIONS>;

/** `kcap task`: what an agent is to capture. */
export const task: Runner<typeof TASK_OPTIONS> = async (args, given, words) => {
  const [word = '', ...rest] = words;
  const verb = TASK_VERBS.find((known) => known === word);
  if (!verb)
    throw usageError(
      word === '' ? 'task' : `task ${word}`,
      word === '' ? 'what to do with tasks is missing' : 'no such task command',
      `use one of: ${TASK_VERBS.join(', ')}`,
    );
  const takesFile = verb === 'create' || verb === 'update' || verb === 'capture';
  if (given.has('file') !== takesFile)
    throw usageError(
      `task ${verb}`,
      takesFile ? `the file with the ${fileOf(verb)} is missing` : 'it takes no file',
      takesFile ? `for example 'kcap task ${verb} -f ${fileOf(verb)}.yaml'` : `leave out -f`,
    );
  if (verb === 'capture') {
    takeWords('capture', rest, []);
    const { capture } = await import('./task-capture.js');
    return capture(args);
  }
  await VERBS[verb](args, rest);
  return 0;
};

const VERBS: Readonly<
  Record<
    Exclude<TaskVerb, 'capture'>,
    (args: TaskArguments, words: readonly string[]) => Promise<unknown>
  >
> = {
  create: (args, words) => writeDown(args, words, 'create'),
  update: (args, words) => writeDown(args, words, 'update'),
  list: async (args, words) => {
    takeWords('list', words, []);
    if (args.json === true) return ask(args, 'task_list', {}, () => '');
    // What people want to know of each is in the statistics.
    return ask(args, 'daemon_stats', {}, ({ tasks }) => statsTable(tasks, outputColumns()));
  },
  status: async (args, words) => {
    const [id] = takeWords('status', words, [], ['ID']);
    if (id !== undefined) return ask(args, 'task_status', { task_id: id }, taskText);
    return ask(args, 'task_status', {}, ({ tasks }) =>
      tableText(
        ['TASK', 'STATE'],
        Object.entries(tasks as Answer).map(([name, state]) => [shown(name), shown(state)]),
        outputColumns(),
      ),
    );
  },
  stop: (args, words) => simply(args, words, 'stop'),
  start: (args, words) => simply(args, words, 'start'),
  delete: (args, words) => simply(args, words, 'delete'),
  filter: async (args, words) => {
    const [id, expression] = takeWords('filter', words, ['ID', 'EXPRESSION']);
    const params = { task_id: id, bpf_filter: expression };
    return ask(args, 'task_filter', params, (answer) => {
      const filter = shown(answer['bpf_filter']);
      return `task ${shown(answer['task_id'])}: ${filter === '' ? 'no filter' : `filter '${filter}'`}\n`;
    });
  },
};

function fileOf(verb: TaskVerb): string {
  return verb === 'capture' ? 'message' : 'task';
}

async function writeDown(
  args: TaskArguments,
  words: readonly string[],
  verb: 'create' | 'update',
): Promise<void> {
  takeWords(verb, words, []);
  const { readTaskDocument } = await import('./task-file.js');
  const config = await readTaskDocument(args.file ?? '-');
  await ask(args, `task_${verb}`, { config }, sayDone);
}

/** What takes the id of a task and nothing else. */
async function simply(args: TaskArguments, words: readonly string[], verb: string): Promise<void> {
  const [id] = takeWords(verb, words, ['ID']);
  await ask(args, `task_${verb}`, { task_id: id }, sayDone);
}

function sayDone({ task_id: id, status }: Answer): string {
  return `task ${shown(id)}: ${shown(status)}\n`;
}

/** The words after the verb; throws a usage error where there are too few or too many. */
function takeWords(
  verb: string,
  words: readonly string[],
  needed: readonly string[],
  possible: readonly string[] = [],
): readonly string[] {
  const usage = ['kcap task', verb, ...needed, ...possible.map((word) => `[${word}]`)].join(' ');
  if (words.length < needed.length)
    throw usageError(`task ${verb}`, `${needed[words.length] ?? ''} is missing`, usage);
  const extra = words[needed.length + possible.length];
  if (extra !== undefined) throw usageError(extra, 'unexpected argument', usage);
  return words;
}
