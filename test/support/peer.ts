import { hostname } from 'node:os';

import kafka, { type GlobalConfig, type LibrdKafkaError, type Metadata } from 'node-rdkafka';

import { testBrokers } from './test-brokers.js';

/**
 * node-rdkafka with promises. It is the peer that sends and reads in these tests: an ordinary Kafka client that
 * knows nothing of kcap's data plane.
 */

const LIMIT_MS = 10_000;

/** What every client of the tests is set to. */
export function clientSettings(brokers = testBrokers()): GlobalConfig {
  return {
    'bootstrap.servers': brokers,
    'client.id': `kcap-test-${hostname()}`,
    'reconnect.backoff.max.ms': 200,
  };
}

/** The brokers and topics of a cluster; fails where none answers within 10 s. */
export async function fetchMetadata(brokers = testBrokers()): Promise<Metadata> {
  return withClient(new kafka.Producer(clientSettings(brokers)), (_client, metadata) => metadata);
}

/** Connects a producer or consumer, lends it, and disconnects it whatever happens. */
export async function withClient<C extends kafka.Producer | kafka.KafkaConsumer, T>(
  client: C,
  use: (client: C, metadata: Metadata) => Promise<T> | T,
): Promise<T> {
  const metadata = await settled<Metadata>((done) => client.connect({ timeout: LIMIT_MS }, done));
  try {
    return await use(client, metadata);
  } finally {
    await settled((done) => client.disconnect(done));
  }
}

/** One call of node-rdkafka, which takes (error, value) when it is done, as a promise. */
export function settled<T = unknown>(
  call: (done: (error: LibrdKafkaError | null | undefined, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(new Error(`${error.message} (librdkafka ${error.code})`));
      else resolve(value as T);
    });
  });
}
