import { startRealKafka } from '#support/real-kafka.js';
import type { Scope } from './scope.js';

/** HOST:PORT of a Kafka for topics of gigabytes: old segments go as they grow, and files with the topics. */
export async function startKafka(scope: Scope): Promise<string> {
  const kafka = await startRealKafka({
    lasting: true,
    properties: {
      'broker.session.timeout.ms': '9000',
      'log.segment.delete.delay.ms': '500',
      'log.retention.check.interval.ms': '5000',
      'log.initial.task.delay.ms': '1000',
    },
  });
  scope.after(() => kafka.close());
  return kafka.brokers;
}
