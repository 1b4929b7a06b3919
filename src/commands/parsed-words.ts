import yargs from 'yargs';
import { nearest } from '../errors/nearest.js';
import { usageError, type UserError } from '../errors/user-error.js';
import { withoutSecret } from '../terminal/process-title.js';
import {
  givenOptions,
  seeHelp,
  type Arguments,
  type Command,
  type Option,
  type OptionTable,
} from './command.js';
import { COMMANDS } from './commands.js';

/**
 * The options of a command line that has long options only, each with its value in the same word, and its other words.
 * Throws a usage error for what the command does not take, with what was probably meant.
 */
export async function parseWords<Options extends OptionTable>(
  command: Command,
  options: Options,
  words: readonly string[],
): Promise<{ readonly args: Arguments<Options>; readonly others: readonly string[] }> {
  let parsed: Arguments<Options> | undefined;
  let others: string[] = [];
  const parser = yargs(words)
    .scriptName('kcap')
    .locale('en')
    // With a command of its own yargs refuses words that are no options.
    .command(command.words ? '$0 [words..]' : '$0', false, options, (args) => {
      parsed = args;
      // What stands behind `--` yargs keeps apart.
      const { words: named = [], _: rest = [] } = args as { words?: unknown[]; _?: unknown[] };
      others = [...named, ...rest].map(String);
    })
    .version(false)
    .help(false)
    .parserConfiguration({ 'short-option-groups': false, 'parse-positional-numbers': false })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      // For what yargs finds wrong itself it gives a YError or, whatever its types say, none.
      const failure = error as Error | undefined;
      throw failure && failure.name !== 'YError' ? failure : misuse(message, command, words);
    });
  await parser.parseAsync();
  if (!parsed) throw new Error('yargs has parsed nothing');
  const most = command.words?.most ?? 0;
  if (others.length > most) throw unknownWord(command, others[most] ?? '');
  return { args: parsed, others };
}

/** What yargs found wrong, with the option or command that was probably meant. */
function misuse(message: string, command: Command, words: readonly string[]): UserError {
  // A value that is missing altogether was refused before.
  const empty = /^Not enough arguments following: (\S+)$/.exec(message)?.[1];
  if (empty !== undefined) return usageError(`--${empty}`, 'its value is empty', seeHelp(command));
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown === undefined) return usageError('command line', message, seeHelp(command));
  if (words.includes(unknown)) return unknownWord(command, unknown);
  const given = givenOptions(words);
  const foreign = command.foreignOptions?.(given) ?? [];
  const known = Object.entries(command.options).filter(([name]) => !foreign.includes(name));
  const dash = words.some((word) => word.startsWith(`--${unknown}`)) ? '--' : '-';
  const short = dash === '-' ? shortOption(unknown, known) : undefined;
  const long = unknown.length > 1 ? nearest(unknown, [...known.map(([name]) => name), ...OWN]) : '';
  const meant = short ?? (long === '' ? undefined : long && `--${long}`);
  return usageError(`${dash}${unknown}`, 'unknown option', didYouMean(meant, command));
}

/** What every command takes. */
const OWN = ['help', 'version'];

/** What tcpdump's short options are called here. */
const OF_TCPDUMP: ReadonlyMap<string, string> = new Map([
  ['x', 'hex'],
  ['xx', 'hex'],
  ['A', 'hex-ascii'],
]);

/** The option that is meant by these letters: tcpdump has it so, or its case is wrong. */
function shortOption(
  letters: string,
  known: readonly (readonly [name: string, option: Option])[],
): string | undefined {
  const first = letters.slice(0, 1);
  const other = first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase();
  const elsewhere = known.find(([name]) => name === OF_TCPDUMP.get(letters));
  if (elsewhere) return `--${elsewhere[0]}`;
  const found = known.find(([, { alias }]) => alias === other);
  return letters.length === 1 && found ? `-${other} (--${found[0]})` : undefined;
}

/** Options that are easily taken for commands. */
const MODES = ['producer', 'consumer'];

/** A word that is no option: most likely a command. */
function unknownWord(command: Command, word: string): UserError {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== '');
  if (names.includes(word))
    return usageError(
      word,
      'a command comes first',
      `for example 'kcap ${word}', then its options`,
    );
  const shown = withoutSecret(word);
  const meant = nearest(shown, [...names, ...MODES]);
  const written = meant !== undefined && MODES.includes(meant) ? `--${meant}` : meant;
  return command.name === ''
    ? usageError(shown, 'unknown command', didYouMean(written, command))
    : usageError(shown, 'unexpected argument', seeHelp(command));
}

function didYouMean(meant: string | undefined, command: Command): string {
  return meant === undefined
    ? seeHelp(command)
    : `did you mean ${meant}? Otherwise ${seeHelp(command)}`;
}
