import type { InferredOptionTypes } from 'yargs';
import { CaptureFilters, checkFilter } from '../capture/capture-filter.js';
import { parseProperty, type Properties } from '../kafka/properties.js';
import { usageError } from '../packet/user-error.js';
import type { Stage } from '../pipeline/contracts.js';
import { Filter } from '../stages/filter.js';
import { Limit } from '../stages/limit.js';
import { parseLogOptions, type LogOptions } from './logging.js';
import type { BRIDGE_OPTIONS } from './options.js';
import { parseCount, parseSeconds } from './values.js';

/** The command line as yargs gives it. */
export type BridgeArguments = InferredOptionTypes<typeof BRIDGE_OPTIONS>;

/** What both modes take from the command line. */
export interface BothModes extends LogOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
  /** 0 for no limit. */
  readonly maxPackets: number;
  /** Every how many packets a line is printed; 0 for none. */
  readonly prettyEvery: number;
  /** Bytes; undefined where it was not given. */
  readonly snapLength: number | undefined;
  /** pcap-filter expression; empty for all packets. */
  readonly filter: string;
  readonly quiet: boolean;
  /** 0 for no statistics. */
  readonly statsIntervalMs: number;
}

export function parseBothModes(args: BridgeArguments): BothModes {
  const topic = args['kafka-topic'];
  if (topic === undefined || topic === '')
    throw usageError('topic', 'none given', 'name it with -t, for example -t pcap');
  return {
    ...parseLogOptions(args['log-level'], args['log-format']),
    topic,
    properties: parseProperties(args),
    maxPackets: parseCount('-m', args['max-packets']),
    prettyEvery: parseCount('-pp', args['pretty-print']),
    snapLength: args.snaplen === undefined ? undefined : parseCount('-s', args.snaplen, 0x7fffffff),
    filter: parseFilter(args.filter),
    quiet: args.quiet === true,
    statsIntervalMs: parseSeconds('--stats-interval', args['stats-interval']),
  };
}

/** The stage that applies -f, where no kernel does. */
export function filterStages({ filter }: BothModes): Stage[] {
  return filter === '' ? [] : [new Filter(new CaptureFilters(filter))];
}

/** The stage that ends a run after -m packets, if there is a limit. */
export function limitStages({ maxPackets }: BothModes): Stage[] {
  return maxPackets === 0 ? [] : [new Limit(maxPackets)];
}

function parseFilter(expression = ''): string {
  checkFilter(expression);
  return expression;
}

function parseProperties(args: BridgeArguments): Properties {
  const properties = new Map(args['kafka-config'].map(parseProperty));
  const brokers = args['kafka-broker'] ?? '';
  // As in pycapa, where -k had to be given in any case, -X wins.
  const named = properties.has('bootstrap.servers') || properties.has('metadata.broker.list');
  if (!named && brokers !== '') properties.set('bootstrap.servers', brokers);
  if (!named && brokers === '')
    throw usageError('broker', 'none given', 'name it with -k, for example -k localhost:9092');
  return properties;
}
