import { isatty } from 'node:tty';
import yargs from 'yargs';
import { nearest } from '../errors/nearest.js';
import { UserError, usageError, type ExitStatus } from '../errors/user-error.js';
import { expandShortOptions, keepLast } from './argv.js';
import type { BridgeArguments } from './both-modes.js';
import { broker, BROKER_OPTIONS } from './broker.js';
import { consume } from './consume.js';
import { devices } from './devices.js';
import { helpText } from './help.js';
import { openLog, showError } from '../terminal/logging.js';
import { parseLogOptions } from './log-options.js';
import {
  BRIDGE_OPTIONS,
  CONSUMER_OPTIONS,
  PRODUCER_OPTIONS,
  shortForms,
  type Option,
} from './options.js';
import { withoutSecret } from '../terminal/process-title.js';
import { endAtSignals } from '../terminal/supervised-run.js';
import { print } from './print.js';
import { produce } from './produce.js';
import { versionText } from './version.js';

const SEE_HELP = "see 'kcap --help'";

const STANDARD_OUTPUT = 1;
const MOST_COLUMNS = 100;

/** Runs what the command line asks for; throws a UserError for what can't be done. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const [command] = argv;
  const words = plainWords(argv, command === 'broker' ? BROKER_OPTIONS : BRIDGE_OPTIONS);
  if (words.includes('--version') || words.includes('--help')) {
    await print(`${words.includes('--help') ? helpText(columns()) : versionText()}\n`);
    return 0;
  }
  const parser = yargs(words)
    .scriptName('kcap')
    .locale('en')
    .command('$0', false, BRIDGE_OPTIONS, async (args) => {
      status = await bridge(args, givenOptions(words));
    })
    .command('devices', false, {}, devices)
    .command('broker', false, BROKER_OPTIONS, broker)
    .version(false)
    .help(false)
    .parserConfiguration({ 'short-option-groups': false })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      // For what yargs finds wrong itself it gives a YError or, whatever its types say, none.
      const failure = error as Error | undefined;
      throw failure && failure.name !== 'YError' ? failure : misuse(message, words);
    });
  await parser.parseAsync();
  return status;
}

async function bridge(args: BridgeArguments, given: ReadonlySet<string>): Promise<ExitStatus> {
  if (args.producer === args.consumer)
    throw usageError(
      'mode',
      args.producer === true
        ? 'both --producer and --consumer'
        : 'neither --producer nor --consumer',
      `give one of the two, or ${SEE_HELP}`,
    );
  const [mode, others] =
    args.producer === true
      ? (['--producer', CONSUMER_OPTIONS] as const)
      : (['--consumer', PRODUCER_OPTIONS] as const);
  const foreign = others.find((name) => given.has(name));
  if (foreign !== undefined)
    throw usageError(`--${foreign}`, `it has no meaning with ${mode}`, SEE_HELP);

  const options = parseLogOptions(args['log-level'], args['log-format']);
  const logger = await openLog(options);
  endAtSignals(logger, options.format);
  try {
    return await (args.producer === true ? produce(args, logger) : consume(args, logger));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger, format: options.format });
    return error.exitStatus;
  }
}

/** The command line with long options only, each with its value in the same word. */
function plainWords(argv: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  const repeatable = Object.keys(options).filter((name) => options[name]?.array === true);
  return keepLast(expandShortOptions(argv, shortForms(options)), new Set(repeatable));
}

/** The names of the options that stand on the command line, as opposed to their defaults. */
function givenOptions(words: readonly string[]): Set<string> {
  return new Set(words.map((word) => word.replace(/^--(no-)?/, '').replace(/=.*/s, '')));
}

/** Of the terminal that help is shown on, but no more than lines should have. */
function columns(): number {
  return isatty(STANDARD_OUTPUT) ? Math.min(process.stdout.columns, MOST_COLUMNS) : MOST_COLUMNS;
}

/** What yargs found wrong, with the option or command that was probably meant. */
function misuse(message: string, words: readonly string[]): UserError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown === undefined) return usageError('command line', message, SEE_HELP);
  if (words.includes(unknown))
    return unknownWord(withoutSecret(unknown), 'command', ['devices', 'broker'], '');
  return unknown.length === 1
    ? usageError(`-${unknown}`, 'unknown option', SEE_HELP)
    : unknownWord(unknown, 'option', [...optionsOf(words), 'help', 'version'], '--');
}

/** The names of the options that have a meaning on this command line. */
function optionsOf(words: readonly string[]): string[] {
  if (words[0] === 'devices') return [];
  if (words[0] === 'broker') return Object.keys(BROKER_OPTIONS);
  const foreign = [
    ...(words.includes('--producer') ? CONSUMER_OPTIONS : []),
    ...(words.includes('--consumer') ? PRODUCER_OPTIONS : []),
  ];
  return Object.keys(BRIDGE_OPTIONS).filter((name) => !foreign.includes(name));
}

function unknownWord(word: string, kind: string, known: string[], prefix: string): UserError {
  const meant = nearest(word, known);
  return usageError(
    `${prefix}${word}`,
    `unknown ${kind}`,
    meant === undefined ? SEE_HELP : `did you mean ${prefix}${meant}? Otherwise ${SEE_HELP}`,
  );
}
