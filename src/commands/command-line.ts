import yargs, { type Options } from 'yargs';
import { nearest } from '../errors/nearest.js';
import { UserError, usageError, type ExitStatus } from '../errors/user-error.js';
import { expandShortOptions, keepLast } from './argv.js';
import type { BridgeArguments } from './both-modes.js';
import { broker } from './broker.js';
import { consume } from './consume.js';
import { devices } from './devices.js';
import { openLog, showError } from '../terminal/logging.js';
import { parseLogOptions } from './log-options.js';
import { BRIDGE_OPTIONS, CONSUMER_OPTIONS, PRODUCER_OPTIONS, shortForms } from './options.js';
import { withoutSecret } from '../terminal/process-title.js';
import { produce } from './produce.js';
import { versionText } from './version.js';

const BROKER_OPTIONS = {
  port: { type: 'string', describe: 'port to listen on; 0: any free one', default: '0' },
  topic: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'a topic to make, NAME[:PARTITIONS]; repeatable',
    default: [],
  },
} satisfies Record<string, Options>;

const SEE_HELP = "see 'kcap --help'";

const EXAMPLES = `Examples:
  kcap --producer -k localhost:9092 -t pcap -i eth0
  kcap --consumer -k localhost:9092 -t pcap | tshark -i -
  kcap --consumer -k localhost:9092 -t pcap -o begin -e > out.pcap`;

/** Runs what the command line asks for; throws a UserError for what can't be done. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const words = plainWords(argv, argv[0] === 'broker' ? BROKER_OPTIONS : BRIDGE_OPTIONS);
  const parser = yargs(words)
    .scriptName('kcap')
    .locale('en')
    .usage('$0 --producer -k BROKERS -t TOPIC -i INTERFACE [options]')
    .usage('$0 --producer -k BROKERS -t TOPIC -r FILE [options]')
    .usage('$0 --consumer -k BROKERS -t TOPIC [options]')
    .usage('$0 devices')
    .usage('$0 broker [--port N] [--topic NAME[:PARTITIONS]]...')
    .command(
      '$0',
      false,
      (command) =>
        command
          .options(BRIDGE_OPTIONS)
          .group(PRODUCER_OPTIONS, 'Producer:')
          .group(CONSUMER_OPTIONS, 'Consumer:'),
      async (args) => {
        status = await bridge(args, givenOptions(words));
      },
    )
    .command('devices', 'list the interfaces that one can capture on', {}, devices)
    .command('broker', 'run an in-memory Kafka for trying things out', BROKER_OPTIONS, broker)
    .version(false)
    .option('version', { alias: 'V', type: 'boolean', describe: 'Show versions' })
    .help(false)
    .option('help', { alias: 'h', type: 'boolean', describe: 'Show help' })
    .epilogue(EXAMPLES)
    .wrap(Math.min(100, process.stdout.columns || 100))
    .parserConfiguration({ 'short-option-groups': false })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      // For what yargs finds wrong itself it gives a YError or, whatever its types say, none.
      const failure = error as Error | undefined;
      throw failure && failure.name !== 'YError' ? failure : misuse(message, words);
    });
  if (words.includes('--version') || words.includes('--help')) {
    const text = words.includes('--help')
      ? withTwoLetterOptions(await parser.getHelp())
      : versionText();
    process.stdout.write(`${text}\n`);
    return 0;
  }
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
  try {
    return await (args.producer === true ? produce(args, logger) : consume(args, logger));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger, format: options.format });
    return error.exitStatus;
  }
}

/** The command line with long options only, each with its value in the same word. */
function plainWords(argv: readonly string[], options: Readonly<Record<string, Options>>): string[] {
  const repeatable = Object.keys(options).filter((name) => options[name]?.array === true);
  return keepLast(expandShortOptions(argv, shortForms(options)), new Set(repeatable));
}

/** The names of the options that stand on the command line, as opposed to their defaults. */
function givenOptions(words: readonly string[]): Set<string> {
  return new Set(words.map((word) => word.replace(/^--(no-)?/, '').replace(/=.*/s, '')));
}

/** yargs knows no two-letter options with one dash; pycapa has them. */
function withTwoLetterOptions(help: string): string {
  return help.replace(/ {6}(--[a-z-]+), -(-pp|-ll)/g, (line, long: string, two: string) =>
    ` ${two}, ${long}`.padEnd(line.length),
  );
}

/** What yargs found wrong, with the option or command that was probably meant. */
function misuse(message: string, words: readonly string[]): UserError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown === undefined) return usageError('command line', message, SEE_HELP);
  if (words.includes(unknown))
    return unknownWord(withoutSecret(unknown), 'command', ['devices', 'broker'], '');
  const names = [...Object.keys(BRIDGE_OPTIONS), 'help', 'version'];
  return unknown.length === 1
    ? usageError(`-${unknown}`, 'unknown option', SEE_HELP)
    : unknownWord(unknown, 'option', names, '--');
}

function unknownWord(word: string, kind: string, known: string[], prefix: string): UserError {
  const meant = nearest(word, known);
  return usageError(
    `${prefix}${word}`,
    `unknown ${kind}`,
    meant === undefined ? SEE_HELP : `did you mean ${prefix}${meant}? Otherwise ${SEE_HELP}`,
  );
}
