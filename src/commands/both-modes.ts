import type { Logger } from 'pino';
import { usageError } from '../errors/user-error.js';
import type { LogOptions } from '../terminal/logging.js';
import type { BRIDGE_OPTIONS } from './bridge-options.js';
import type { Arguments } from './command.js';
import { parseKafkaOptions, type KafkaOptions } from './kafka-arguments.js';
import { parseLogOptions } from './log-arguments.js';
import { parseCount, parseSeconds } from './values.js';

/** The bridge's options as they were given. */
export type BridgeArguments = Arguments<typeof BRIDGE_OPTIONS>;

/** What both modes take from the command line. */
export interface BothModes extends RunArguments, KafkaOptions {
  /** Every how many packets a line is printed; 0 for none. */
  readonly prettyEvery: number;
}

/** What every run takes from the command line, whatever it does. */
export interface RunArguments extends LogOptions {
  /** 0 for no limit. */
  readonly maxPackets: number;
  /** Bytes; undefined where it was not given. */
  readonly snapLength: number | undefined;
  /** pcap-filter expression; empty for all packets. */
  readonly filter: string;
  /** Whether progress is shown; undefined: where standard error is a terminal. */
  readonly progress: boolean | undefined;
  /** 0 for no statistics. */
  readonly statsIntervalMs: number;
}

export function parseBothModes(args: BridgeArguments, log: Logger): BothModes {
  return {
    ...parseRun(args),
    ...parseKafkaOptions(args, args.producer === true ? 'producer' : 'consumer', log),
    prettyEvery: parseCount('-pp', args['pretty-print']),
  };
}

export function parseRun(
  args: Pick<
    BridgeArguments,
    | 'log-level'
    | 'log-format'
    | 'max-packets'
    | 'snaplen'
    | 'filter'
    | 'quiet'
    | 'progress'
    | 'stats-interval'
  >,
): RunArguments {
  return {
    ...parseLogOptions(args),
    maxPackets: parseCount('-m', args['max-packets']),
    snapLength: args.snaplen === undefined ? undefined : parseCount('-s', args.snaplen, 0x7fffffff),
    filter: args.filter ?? '',
    progress: parseProgress(args),
    statsIntervalMs: parseSeconds('--stats-interval', args['stats-interval']),
  };
}

function parseProgress({
  quiet,
  progress,
}: Pick<BridgeArguments, 'quiet' | 'progress'>): boolean | undefined {
  if (quiet === true && progress === true)
    throw usageError('-q and --progress', 'they contradict each other', 'give only one of the two');
  return quiet === true ? false : progress;
}
