import yargs, { type Options } from 'yargs';
import { nearest } from '../packet/nearest.js';
import { UserError, usageError, type ExitStatus } from '../packet/user-error.js';
import { expandShortOptions } from './argv.js';
import type { BridgeArguments } from './both-modes.js';
import { broker } from './broker.js';
import { consume } from './consume.js';
import { devices } from './devices.js';
import { openLog, parseLogOptions, showError } from './logging.js';
import { BRIDGE_OPTIONS, CONSUMER_OPTIONS, PRODUCER_OPTIONS, shortForms } from './options.js';
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

const EXAMPLES = `Examples:
  kcap --producer -k localhost:9092 -t pcap -i eth0
  kcap --consumer -k localhost:9092 -t pcap | tshark -i -
  kcap --consumer -k localhost:9092 -t pcap -o begin -e > out.pcap`;

/** Runs what the command line asks for; throws a UserError for what can't be done. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const words = expandShortOptions(
    argv,
    shortForms(argv[0] === 'broker' ? BROKER_OPTIONS : BRIDGE_OPTIONS),
  );
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
    .parserConfiguration({ 'duplicate-arguments-array': false, 'short-option-groups': false })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      // yargs gives no error of its own for what it finds wrong itself, whatever its types say.
      throw (error as Error | undefined) ?? misuse(message);
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
      "give one of the two, or see 'kcap --help'",
    );
  const [mode, others] =
    args.producer === true
      ? (['--producer', CONSUMER_OPTIONS] as const)
      : (['--consumer', PRODUCER_OPTIONS] as const);
  const foreign = others.find((name) => given.has(name));
  if (foreign !== undefined) throw usageError(`--${foreign}`, `it has no meaning with ${mode}`);

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

/** The names of the options that stand on the command line, as opposed to their defaults. */
function givenOptions(words: readonly string[]): Set<string> {
  return new Set(words.map((word) => word.replace(/^--(no-)?/, '').replace(/=.*/s, '')));
}

/** yargs knows no two-letter options with one dash; pycapa has them. */
function withTwoLetterOptions(help: string): string {
  return help.replace(/ {6}(--[a-z-]+), -(-pp|-ll)/g, ' $2, $1  ');
}

/** What yargs found wrong, with the option that was probably meant. */
function misuse(message: string): UserError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown === undefined) return usageError('command line', message, "see 'kcap --help'");
  const names = [...Object.keys(BRIDGE_OPTIONS), 'help', 'version', 'devices', 'broker'];
  const meant = nearest(unknown, names);
  const option = unknown.length === 1 ? `-${unknown}` : `--${unknown}`;
  return usageError(
    option,
    'unknown option',
    meant === undefined ? "see 'kcap --help'" : `did you mean --${meant}? See 'kcap --help'`,
  );
}
