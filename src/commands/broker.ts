import { InMemoryBroker } from '../kafka/in-memory-broker.js';
import { usageError } from '../errors/user-error.js';
import { checkTopicName } from '../kafka/topic-name.js';
import { onStopSignal } from '../terminal/stop-signals.js';
import type { BROKER_OPTIONS } from './broker-options.js';
import type { Runner } from './command.js';
import { print } from '../terminal/standard-output.js';
import { parseCount } from './values.js';

const MOST_PARTITIONS = 1000;

/** `kcap broker`: an in-memory Kafka until a signal comes. Its address is the first line of standard output. */
export const broker: Runner<typeof BROKER_OPTIONS> = async ({ port, topic }) => {
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
  return 0;
};

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
