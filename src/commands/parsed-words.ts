import { nearest } from '../errors/nearest.js';
import { usageError, type UserError } from '../errors/user-error.js';
import { withoutSecret } from '../terminal/process-title.js';
import {
  givenOptions,
  isRepeatable,
  seeHelp,
  type Arguments,
  type Command,
  type Option,
  type OptionTable,
} from './command.js';
import { COMMANDS } from './commands.js';

/** Of a flag, a repeatable option, and any other; undefined where it is not given and has no default. */
type Value = boolean | readonly string[] | string | undefined;

/**
 * The options of a command line that has long options only, each with its value in the same word, and its other words.
 * Throws a usage error for what the command does not take, with what was probably meant.
 */
export function parseWords<Options extends OptionTable>(
  command: Command,
  options: Options,
  words: readonly string[],
): { readonly args: Arguments<Options>; readonly others: readonly string[] } {
  const args = new Map<string, Value>();
  for (const [name, option] of Object.entries(options)) args.set(name, option.default);
  const others: string[] = [];
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  for (const word of words.slice(0, end)) {
    const [, dashes, given = '', text] = /^(--?)([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (dashes === undefined) {
      others.push(word);
      continue;
    }
    const isTakenBack = !Object.hasOwn(options, given) && given.startsWith('no-');
    const name = isTakenBack ? given.slice('no-'.length) : given;
    const option = dashes === '--' && Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option || (isTakenBack && option.type !== 'boolean'))
      throw unknownOption(`${dashes}${given}`, { command, words });
    args.set(
      name,
      option.type === 'boolean'
        ? flag(given, text, command) !== isTakenBack
        : isRepeatable(option)
          ? [...((args.get(name) ?? []) as readonly string[]), item(name, text, command)]
          : (text ?? ''),
    );
  }
  others.push(...words.slice(end + 1));
  for (const [name, option] of Object.entries(options))
    if (option.type === 'string' && option.required && args.get(name) === undefined)
      throw usageError(command.name, `--${name} is missing`, seeHelp(command));
  const most = command.words?.most ?? 0;
  if (others.length > most) throw unknownWord(command, others[most] ?? '');
  return { args: Object.fromEntries(args) as Arguments<Options>, others };
}

/** `--flag`, or with a value as a script may write it. */
function flag(name: string, text: string | undefined, command: Command): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false')
    throw usageError(`--${name}=${text}`, 'it takes no value', seeHelp(command));
  return text !== 'false';
}

/** One of the values of an option that may be given more than once. */
function item(name: string, text: string | undefined, command: Command): string {
  if (!text) throw usageError(`--${name}`, 'its value is empty', seeHelp(command));
  return text;
}

/** An option that the command does not have. */
function unknownOption(
  written: string,
  { command, words }: { readonly command: Command; readonly words: readonly string[] },
): UserError {
  const [dashes, name] = written.startsWith('--')
    ? ['--', written.slice(2)]
    : ['-', written.slice(1)];
  const given = givenOptions(words);
  const foreign = command.foreignOptions?.(given) ?? [];
  const known = Object.entries(command.options).filter(([each]) => !foreign.includes(each));
  const short = dashes === '-' ? shortOption(name, known) : undefined;
  const long = name.length > 1 ? nearest(name, [...known.map(([each]) => each), ...OWN]) : '';
  const meant = short ?? (long === '' ? undefined : long && `--${long}`);
  return usageError(written, 'unknown option', didYouMean(meant, command));
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
