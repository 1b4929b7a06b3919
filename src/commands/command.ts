import type { ExitStatus } from '../errors/user-error.js';

/** What can stand in an option's value, for completion. */
export type Suggestion =
  'file' | 'folder' | 'interface' | 'topic' | 'property' | 'user' | 'link-type' | 'task';

interface AnyOption {
  /** Letters that stand for it, without the minus. */
  readonly alias?: string;
  /** For help. */
  readonly describe: string;
  /** The mode that it belongs to, where a command has two and it means something in one only. */
  readonly mode?: 'producer' | 'consumer';
}

/** Is given or not, or taken back: `--no-NAME`. */
interface Flag extends AnyOption {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** Has a value, which stays text until it is parsed (./values.ts). */
interface Valued extends AnyOption {
  readonly type: 'string';
  /** What help calls the value. */
  readonly value: string;
  /** Whether it may be given more than once. Its values can't be empty then. */
  readonly array?: boolean;
  readonly default?: string | readonly string[];
  readonly required?: boolean;
  /** All values that there are. */
  readonly oneOf?: readonly string[];
  /** Names that may stand in it with commas between them. */
  readonly listOf?: readonly string[];
  /** All words that it can begin with, where a colon and more follow. */
  readonly kinds?: readonly string[];
  readonly suggests?: Suggestion;
}

/** An option, and what help and completion say of its value. */
export type Option = Flag | Valued;

export type OptionTable = Readonly<Record<string, Option>>;

export function isRepeatable(option: Option): boolean {
  return option.type === 'string' && option.array === true;
}

/** What a command line says of each option; undefined where it says nothing, and there is no default. */
export type Arguments<Options extends OptionTable> = {
  readonly [Name in keyof Options]: ValueOf<Options[Name]> | WithoutWord<Options[Name]>;
};

type ValueOf<O extends Option> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly array: true }
    ? readonly string[]
    : string;

type WithoutWord<O extends Option> = O extends
  { readonly default: string | boolean | readonly string[] } | { readonly required: true }
  ? never
  : undefined;

/**
 * What runs a command: its options, which of them stand on the command line as opposed to their defaults, and the words
 * that are no options.
 */
export type Runner<Options extends OptionTable> = (
  args: Arguments<Options>,
  given: ReadonlySet<string>,
  words: readonly string[],
) => Promise<ExitStatus>;

/** The words of a command that are no options. */
export interface WordsTaken {
  /** How many there may be. */
  readonly most: number;
  /** All that there are for the first one. */
  readonly oneOf?: readonly string[];
  /** What the second one is, after some of these. */
  readonly second?: { readonly after: readonly string[]; readonly suggests: 'task' };
  /** What they are, where the shell knows them. */
  readonly suggests?: 'file';
}

/** A command as it is declared; its help, its suggestions and its parsing all follow from this. */
interface Declaration<Options extends OptionTable> {
  /** The first word of its command lines; empty for the command that needs none. */
  readonly name: string;
  /** Another word for the same. */
  readonly alias?: string;
  /** For help: the forms of its command line. */
  readonly usage: readonly string[];
  /** For help: what it does, in a few words that begin with a verb. */
  readonly summary: string;
  readonly options: Options;
  /** The options by the titles of help, where there is more than one. */
  readonly sections?: Readonly<Record<string, OptionTable>>;
  /** Where it takes words that are no options. */
  readonly words?: WordsTaken;
  /** For help. */
  readonly examples?: readonly string[];
  /** The options that mean nothing beside those that are given, and are not suggested. */
  readonly foreignOptions?: (given: ReadonlySet<string>) => readonly string[];
  /** Loads the code that runs it: no other command has to. */
  readonly load: () => Promise<Runner<Options>>;
}

export interface Command extends Omit<Declaration<OptionTable>, 'load'> {
  readonly sections: Readonly<Record<string, OptionTable>>;
  /** Runs what the words ask for: long options only, each with its value in the same word. */
  run(words: readonly string[]): Promise<ExitStatus>;
}

export function command<Options extends OptionTable>(declared: Declaration<Options>): Command {
  const { load, ...facts } = declared;
  const self: Command = {
    sections: { Options: declared.options },
    ...facts,
    run: async (words) => {
      const { parseWords } = await import('./parsed-words.js');
      const { args, others } = parseWords(self, declared.options, words);
      return (await load())(args, givenOptions(words), others);
    },
  };
  return self;
}

/** The names of the options that stand on the command line, as opposed to their defaults. */
export function givenOptions(words: readonly string[]): Set<string> {
  const end = words.indexOf('--');
  const options = end < 0 ? words : words.slice(0, end);
  return new Set(options.map((word) => word.replace(/^--(no-)?/, '').replace(/=.*/s, '')));
}

/** The remedy that leads to a command's help. */
export function seeHelp({ name }: Pick<Command, 'name'>): string {
  return `see '${['kcap', name, '--help'].filter((word) => word !== '').join(' ')}'`;
}

/** A summary or a description as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
