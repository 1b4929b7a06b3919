import type { Logger } from 'pino';
import { usageError } from '../errors/user-error.js';
import { checkBrokers } from '../kafka/broker-address.js';
import { isOfOtherClient, parseProperty, type Properties } from '../kafka/properties.js';
import { readPropertyFile } from '../kafka/property-file.js';
import { brokersOf } from '../kafka/security.js';
import { checkTopicName } from '../kafka/topic-name.js';
import type { Arguments } from './command.js';
import type { KAFKA } from './kafka-options.js';

/** A topic, and how to reach it. */
export interface KafkaOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
}

/** Whose properties these are. */
export interface PropertiesUse {
  readonly role: 'producer' | 'consumer' | 'both';
  /** What a property of the other role has no effect with. */
  readonly mode: string;
  /** Where no broker is given. */
  readonly remedy?: string;
}

/**
 * @param role whose properties mean something
 * @param mode what a property of the other role has no effect with
 */
export function parseKafkaOptions(
  args: Pick<Arguments<typeof KAFKA>, 'kafka-broker' | 'kafka-topic' | 'kafka-config'>,
  role: PropertiesUse['role'],
  log: Logger,
  mode = `--${role}`,
): KafkaOptions {
  const topic = args['kafka-topic'];
  if (topic === undefined || topic === '')
    throw usageError('topic', 'none given', 'name it with -t, for example -t pcap');
  return {
    topic: checkTopicName('-t', topic),
    properties: parseProperties(args, { role, mode }, log),
  };
}

/** What the file of KCAP_CONFIG, -k and -X say, in this order: as in pycapa, -X wins. */
export function parseProperties(
  args: Pick<Arguments<typeof KAFKA>, 'kafka-broker' | 'kafka-config'>,
  { role, mode, remedy = 'name it with -k, for example -k localhost:9092' }: PropertiesUse,
  log: Logger,
): Properties {
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
  for (const given of args['kafka-config'])
    if (given.startsWith('@')) setAll(given.slice(1));
    else {
      const property = parseProperty(given);
      // A file may be for both modes.
      if (isOfOtherClient(property[0], role))
        log.warn(`-X ${property[0]}: it has no effect with ${mode}`);
      set(property);
    }
  if (brokersOf(properties) === '') throw usageError('broker', 'none given', remedy);
  return properties;
}
