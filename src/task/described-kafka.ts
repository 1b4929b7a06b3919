import { UserError } from '../errors/user-error.js';
import type { Properties } from '../kafka/properties.js';
import { brokersOf } from '../kafka/security.js';
import { kafkaProperties, type KafkaConnection } from './description/kafka-connection.js';
import type { CaptureDescription } from './description/capture.js';
import type { Reporting } from './description/reporting.js';

/**
 * The properties of a reporter's client. Throws a UserError where no broker is named.
 *
 * @param above the connections of which it takes what it leaves out: the agent's first
 */
export function reporterProperties(
  reporter: Reporting & { readonly connection: KafkaConnection },
  ...above: readonly (KafkaConnection | undefined)[]
): Properties {
  const { id, batchSize, batchTimeoutMs } = reporter;
  const properties = new Map([
    ...(batchSize === undefined ? [] : [['batch.num.messages', String(batchSize)] as const]),
    ...(batchTimeoutMs === undefined ? [] : [['linger.ms', String(batchTimeoutMs)] as const]),
    ...kafkaProperties(...above, reporter.connection),
  ]);
  if (brokersOf(properties) === '')
    throw new UserError(`reporter ${id}`, 'no broker is named', {
      remedy: "give its config brokers: [HOST:PORT], or the agent's kafka",
      exitStatus: 2,
    });
  return properties;
}

/** Throws a UserError where a task would write to the topic that it reads: it would read that again, without end. */
export function refuseLoop(
  { id }: { readonly id: string },
  { topics, properties }: { readonly topics: readonly string[]; readonly properties: Properties },
  { capture, above }: { capture: CaptureDescription; above: KafkaConnection | undefined },
): void {
  if (capture.name !== 'topic' || !topics.includes(capture.topic)) return;
  const read = addressesOf(kafkaProperties(above, capture.connection));
  if (addressesOf(properties).some((address) => read.includes(address)))
    throw new UserError(`reporter ${id}`, `topic ${capture.topic} is the one that the task reads`, {
      remedy: 'name another topic, or another cluster',
      exitStatus: 2,
    });
}

function addressesOf(properties: Properties): string[] {
  return brokersOf(properties)
    .split(',')
    .map((address) => address.trim());
}
