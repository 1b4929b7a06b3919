import { plainWords } from './argv.js';
import {
  isRepeatable,
  type Command,
  type Option,
  type OptionTable,
  type Suggestion,
} from './command.js';

/** What a word could become. */
export interface Candidate {
  readonly text: string;
  /** For shells that show it. */
  readonly describe?: string;
}

/** What could stand at the end of a command line. */
export type Candidates =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  /** Names of files or folders: the shell knows them best. */
  | { readonly kind: 'files' | 'folders' };

/**
 * Knows the words that no table holds: interfaces, topics, properties, users, tasks. It is given the words before.
 */
export type Suggest = (
  what: Exclude<Suggestion, 'file' | 'folder'>,
  words: readonly string[],
) => Promise<readonly Candidate[]>;

/**
 * What the last of `words` could become: commands, options, and the values of options.
 *
 * @param words of a command line, without kcap's name; the last one may be empty or unfinished
 */
export async function candidatesFor(
  words: readonly string[],
  commands: readonly Command[],
  suggest: Suggest,
): Promise<Candidates> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const unnamed = commands.find(({ name }) => name === '');
  const named = commands.find(({ name }) => name !== '' && name === before[0]);
  const command = named ?? unnamed;
  if (!command) return only([]);

  const joined = /^(--[a-z-]+)=(.*)$/s.exec(last);
  const option = valueOf(command.options, joined?.[1] ?? before.at(-1));
  if (option) {
    const others = joined ? before : before.slice(0, -1);
    const values = await valuesOf(option, { typed: joined?.[2] ?? last, words: others }, suggest);
    if (values.kind !== 'words') return values;
    const prefix = joined ? `${joined[1] ?? ''}=` : '';
    return only(
      values.candidates.map(({ text, ...rest }) => ({ text: prefix + text, ...rest })),
      last,
    );
  }
  if (last.startsWith('-')) return only(optionsOf(command, before), last);
  const names = commands.filter(({ name }) => name !== '');
  if (words.length === 1 && !named)
    return only(
      names.map(({ name, summary }) => ({ text: name, describe: summary })),
      last,
    );
  const { oneOf = [], second, suggests } = command.words ?? {};
  if (suggests === 'file') return { kind: 'files' };
  const [first, ...others] = plainWords(named ? before.slice(1) : before, command.options).filter(
    (word) => !word.startsWith('-'),
  );
  if (first === undefined)
    return only(
      oneOf.map((text) => ({ text })),
      last,
    );
  if (others.length > 0 || second?.after.includes(first) !== true) return only([]);
  return only(await suggest(second.suggests, before), last);
}

function only(candidates: readonly Candidate[], prefix = ''): Candidates {
  return { kind: 'words', candidates: candidates.filter(({ text }) => text.startsWith(prefix)) };
}

/** The option that a word names and that takes a value; flags may be joined before a short one. */
function valueOf(options: OptionTable, word: string | undefined): Option | undefined {
  if (word?.startsWith('-') !== true) return undefined;
  const found = Object.entries(options).find(([name, { alias }]) =>
    word.startsWith('--')
      ? name === word.slice(2)
      : alias !== undefined && (word === `-${alias}` || endsFlags(word, alias, options)),
  )?.[1];
  return found?.type === 'string' ? found : undefined;
}

/** Whether a word is flags and then this letter: -ceo. */
function endsFlags(word: string, alias: string, options: OptionTable): boolean {
  const flags = Object.values(options).flatMap((option) =>
    option.type === 'boolean' && option.alias !== undefined ? [option.alias] : [],
  );
  return new RegExp(`^-[${flags.join('')}]+${alias}$`).test(word);
}

async function valuesOf(
  option: Option,
  { typed, words }: { readonly typed: string; readonly words: readonly string[] },
  suggest: Suggest,
): Promise<Candidates> {
  if (option.type === 'boolean') return only([]);
  if (option.listOf) return only(listsOf(option.listOf, typed).map((text) => ({ text })));
  if (option.oneOf) return only(option.oneOf.map((text) => ({ text })));
  if (option.kinds) return only(option.kinds.map((kind) => ({ text: `${kind}:` })));
  switch (option.suggests) {
    case undefined:
      return only([]);
    case 'file':
      return { kind: 'files' };
    case 'folder':
      return { kind: 'folders' };
    default:
      return only(await suggest(option.suggests, words));
  }
}

/** What is typed of a list with one more name, as it was not there yet. */
function listsOf(names: readonly string[], typed: string): string[] {
  const before = typed.slice(0, typed.lastIndexOf(',') + 1);
  const listed = before.split(',');
  return names.filter((name) => !listed.includes(name)).map((name) => before + name);
}

/** The options that still mean something, by their long names. */
function optionsOf(command: Command, words: readonly string[]): Candidate[] {
  const given = new Set(words.flatMap((word) => givenBy(word, command.options)));
  const foreign = new Set(command.foreignOptions?.(given) ?? []);
  const options = Object.entries(command.options).filter(
    ([name, option]) => !foreign.has(name) && (isRepeatable(option) || !given.has(name)),
  );
  return [
    ...options.map(([name, option]) => ({
      text: option.default === true ? `--no-${name}` : `--${name}`,
      describe: option.describe,
    })),
    { text: '--help', describe: 'show help' },
    ...(command.name === '' ? [{ text: '--version', describe: 'show versions' }] : []),
  ];
}

/** The names of the options that a word gives. */
function givenBy(word: string, options: OptionTable): string[] {
  const long = /^--(?:no-)?([a-z-]+)/.exec(word)?.[1];
  if (long !== undefined) return [long];
  if (!/^-[A-Za-z]/.test(word)) return [];
  return Object.entries(options).flatMap(([name, { alias, type }]) => {
    if (typeof alias !== 'string') return [];
    const isGiven =
      word === `-${alias}` ||
      (type === 'boolean' && alias.length === 1 && /^-[a-z]+$/.test(word) && word.includes(alias));
    return isGiven ? [name] : [];
  });
}
