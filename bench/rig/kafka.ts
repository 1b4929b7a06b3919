import { freePort } from '#support/free-port.js';
import { type RealKafka, startRealKafka } from '#support/real-kafka.js';
import type { Scope } from './scope.js';

/** A way to the broker that a delaying proxy makes long. */
export interface LongWay {
  /** The broker's own port for it. */
  readonly to: number;
  /** What the broker tells clients of this way: where the proxy is to listen. */
  readonly listenOn: number;
}

/** A Kafka for topics of gigabytes: old segments go as they grow, and files with the topics. */
export async function startKafka(scope: Scope): Promise<RealKafka & { readonly far: LongWay }> {
  const far = { to: await freePort(), listenOn: await freePort() };
  const kafka = await startRealKafka({
    lasting: true,
    listeners: [`FAR://127.0.0.1:${far.to}`],
    advertised: { FAR: `127.0.0.1:${far.listenOn}` },
    properties: {
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT',
      'broker.session.timeout.ms': '9000',
      'log.segment.delete.delay.ms': '500',
      'log.retention.check.interval.ms': '5000',
      'log.initial.task.delay.ms': '1000',
    },
  });
  scope.after(() => kafka.close());
  return Object.assign(kafka, { far });
}
