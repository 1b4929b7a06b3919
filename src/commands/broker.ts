import { InMemoryBroker } from '../kafka/in-memory-broker.js';
import { usageError } from '../errors/user-error.js';
import { checkTopicName } from '../kafka/topic-name.js';
import { onStopSignal } from '../terminal/stop-signals.js';
import type { Option } from './options.js';
import { print } from './print.js';
import { parseCount } from './values.js';

const MOST_PARTITIONS = 1000;

export const BROKER_OPTIONS = {
  port: {
    type: 'string',
    value: 'N',
    describe: 'port to listen on (default 0: any free one)',
    default: '0',
  },
  topic: {
    type: 'string',
    array: true,
    nargs: 1,
    value: 'NAME[:PARTITIONS]',
    describe: 'a topic to create (default 1 partition); repeatable',
    default: [],
  },
} satisfies Record<string, Option>;

export interface BrokerArguments {
  readonly port: string;
  readonly topic: readonly string[];
}

/** `kcap broker`: an in-memory Kafka until a signal comes. Its address is the first line of standard output. */
export async function broker({ port, topic }: BrokerArguments): Promise<void> {
  const topics = topic.map(parseTopic);
  const running = new InMemoryBroker(parseCount('--port', port, 65_535));
  for (const { name, partitions } of topics) running.createTopic(name, partitions);
  // Neither signals nor the broker's threads keep Node running.
  const alive = setInterval(() => undefined, 0x7fffffff);
  const stopped = new Promise<void>((resolve) => {
    onStopSignal(() => {
      resolve();
    });
  });
  await print(`${running.address}\n`);
  await stopped;
  clearInterval(alive);
  running.close();
}

function parseTopic(text: string): { name: string; partitions: number } {
  const [, name = '', count = '1'] = /^([^:]*)(?::(\d{1,4}))?$/.exec(text) ?? [];
  const partitions = Number(count);
  if (name === '' || partitions < 1 || partitions > MOST_PARTITIONS)
    throw usageError(
      `--topic ${text}`,
      `not NAME or NAME:PARTITIONS, of 1 to ${MOST_PARTITIONS} partitions`,
      'for example --topic pcap:4',
    );
  checkTopicName('--topic', name);
  return { name, partitions };
}
