import { once } from 'node:events';
import { InMemoryBroker } from '../kafka/in-memory-broker.js';
import { checkTopicName } from '../kafka/topic-name.js';
import { parseCount } from './values.js';

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
  process.stdout.write(`${running.address}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(alive);
  running.close();
}

function parseTopic(text: string): { name: string; partitions: number } {
  const [name = '', partitions = '1'] = text.split(':');
  checkTopicName('--topic', name);
  return { name, partitions: Math.max(parseCount('--topic', partitions, 1000), 1) };
}
