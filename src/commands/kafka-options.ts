import type { Logger } from 'pino';
import { checkBrokers } from '../kafka/broker-address.js';
import { isOfOtherClient, parseProperty, type Properties } from '../kafka/properties.js';
import { readPropertyFile } from '../kafka/property-file.js';
import { brokersOf } from '../kafka/security.js';
import { checkTopicName } from '../kafka/topic-name.js';
import { usageError } from '../errors/user-error.js';

/** What names a cluster and a topic on any command line. */
export interface KafkaArguments {
  readonly 'kafka-broker': string | undefined;
  readonly 'kafka-topic': string | undefined;
  readonly 'kafka-config': readonly string[];
}

export function parseTopicName({
  'kafka-topic': topic,
}: Pick<KafkaArguments, 'kafka-topic'>): string {
  if (topic === undefined || topic === '')
    throw usageError('topic', 'none given', 'name it with -t, for example -t pcap');
  return checkTopicName('-t', topic);
}

/** What the file of KCAP_CONFIG, -k and -X say, in this order: as in pycapa, -X wins. `mode` is for messages. */
export function parseProperties(
  args: Pick<KafkaArguments, 'kafka-broker' | 'kafka-config'>,
  {
    role,
    mode,
    remedy = 'name it with -k, for example -k localhost:9092',
  }: {
    readonly role: 'producer' | 'consumer';
    readonly mode: string;
    /** Where no broker is given. */
    readonly remedy?: string;
  },
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
