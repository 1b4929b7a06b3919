import { hostname } from 'node:os';

import kafka, { type GlobalConfig, type LibrdKafkaError, type Metadata } from 'node-rdkafka';

import { testBrokers } from './test-brokers.js';
import { waitFor } from './wait-for.js';

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

/**
 * The errors of a broker that has done nothing yet and asks to be asked again, as Kafka's protocol and librdkafka have
 * them: it is starting, or has just taken over or handed over what the request is about. Timeouts are not among them:
 * after one, nobody knows whether the request was carried out.
 */
const TEMPORARY: ReadonlySet<number> = new Set([
  kafka.CODES.ERRORS.ERR__WAIT_COORD,
  kafka.CODES.ERRORS.ERR_LEADER_NOT_AVAILABLE,
  kafka.CODES.ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  kafka.CODES.ERRORS.ERR_COORDINATOR_LOAD_IN_PROGRESS,
  kafka.CODES.ERRORS.ERR_COORDINATOR_NOT_AVAILABLE,
  kafka.CODES.ERRORS.ERR_NOT_COORDINATOR,
  kafka.CODES.ERRORS.ERR_NOT_CONTROLLER,
  kafka.CODES.ERRORS.ERR_CONCURRENT_TRANSACTIONS,
  kafka.CODES.ERRORS.ERR_FENCED_LEADER_EPOCH,
  kafka.CODES.ERRORS.ERR_UNKNOWN_LEADER_EPOCH,
  kafka.CODES.ERRORS.ERR_UNSTABLE_OFFSET_COMMIT,
]);

/**
 * One call of node-rdkafka, which takes (error, value) when it is done, as a promise. While the error is a temporary
 * one the call is made again, for up to `limitMs`; then the promise fails with that error.
 */
export async function settled<T = unknown>(
  call: (done: (error: LibrdKafkaError | null | undefined, value?: T) => void) => void,
  { limitMs = LIMIT_MS }: { readonly limitMs?: number } = {},
): Promise<T> {
  const start = performance.now();
  const { error, value } = await waitFor(
    async () => {
      const answer = await answerOf(call);
      const again = isTemporary(answer.error) && performance.now() - start < limitMs;
      return !again && answer;
    },
    { limitMs: Infinity, what: 'an answer' },
  );
  if (error) throw new Error(`${error.message} (librdkafka ${error.code})`);
  return value as T;
}

interface Answer<T> {
  readonly error: LibrdKafkaError | null | undefined;
  readonly value: T | undefined;
}

function answerOf<T>(call: Parameters<typeof settled<T>>[0]): Promise<Answer<T>> {
  return new Promise((resolve) => {
    call((error, value) => {
      resolve({ error, value });
    });
  });
}

function isTemporary(error: LibrdKafkaError | null | undefined): boolean {
  // Only the errors of transactions come with librdkafka's own word on it.
  return error?.isRetriable === true || TEMPORARY.has(error?.code ?? 0);
}
