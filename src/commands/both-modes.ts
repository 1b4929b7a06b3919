import type { Logger } from 'pino';
import type { InferredOptionTypes } from 'yargs';
import { checkFilter } from '../capture/capture-filter.js';
import { withAddresses } from '../capture/host-names.js';
import { checkBrokers } from '../kafka/broker-address.js';
import { isOfOtherClient, parseProperty, type Properties } from '../kafka/properties.js';
import { readPropertyFile } from '../kafka/property-file.js';
import { brokersOf } from '../kafka/security.js';
import { checkTopicName } from '../kafka/topic-name.js';
import { usageError } from '../errors/user-error.js';
import type { LogOptions } from '../terminal/logging.js';
import { parseLogOptions } from './log-options.js';
import type { BRIDGE_OPTIONS } from './bridge-options.js';
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

export function parseBothModes(args: BridgeArguments, log: Logger): BothModes {
  const topic = args['kafka-topic'];
  if (topic === undefined || topic === '')
    throw usageError('topic', 'none given', 'name it with -t, for example -t pcap');
  return {
    ...parseLogOptions(args['log-level'], args['log-format']),
    topic: checkTopicName('-t', topic),
    properties: parseProperties(args, log),
    maxPackets: parseCount('-m', args['max-packets']),
    prettyEvery: parseCount('-pp', args['pretty-print']),
    snapLength: args.snaplen === undefined ? undefined : parseCount('-s', args.snaplen, 0x7fffffff),
    filter: args.filter ?? '',
    quiet: args.quiet === true,
    statsIntervalMs: parseSeconds('--stats-interval', args['stats-interval']),
  };
}

/** The filter with the hosts' names looked up. Throws where it makes no sense for any packets. */
export async function readyFilter({ filter }: { readonly filter: string }): Promise<string> {
  const ready = await withAddresses(filter);
  checkFilter(ready);
  return ready;
}

/** What the file of KCAP_CONFIG, -k and -X say, in this order: as in pycapa, -X wins. */
function parseProperties(args: BridgeArguments, log: Logger): Properties {
  const properties = new Map<string, string>();
  const set = ([name, value]: readonly [name: string, value: string]) => {
    // librdkafka has two names for some things, and takes the last one.
    properties.delete(name);
    properties.set(name, value);
  };
  const setAll = (file: string) => {
    const { properties: read, exposed } = readPropertyFile(file);
    if (exposed) log.warn(`${file} holds a secret, and others can read it: chmod 600 ${file}`);
    read.forEach(set);
  };
  const configuration = process.env['KCAP_CONFIG'] ?? '';
  if (configuration !== '') setAll(configuration);
  const brokers = args['kafka-broker'] ?? '';
  if (brokers !== '') {
    checkBrokers('-k', brokers);
    set(['bootstrap.servers', brokers]);
  }
  const role = args.producer === true ? 'producer' : 'consumer';
  for (const given of args['kafka-config'])
    if (given.startsWith('@')) setAll(given.slice(1));
    else {
      const property = parseProperty(given);
      // A file may be for both modes.
      if (isOfOtherClient(property[0], role))
        log.warn(`-X ${property[0]}: it has no effect with --${role}`);
      set(property);
    }
  if (brokersOf(properties) === '')
    throw usageError('broker', 'none given', 'name it with -k, for example -k localhost:9092');
  return properties;
}
