/** A worker with everything open that has a thread, and at work. It says so, and waits until it is terminated. */
import { parentPort } from 'node:worker_threads';

import { BatchConsumer } from '#kcap/kafka/batch-consumer.js';
import { BatchProducer } from '#kcap/kafka/batch-producer.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { consumerProperties, producerProperties } from '#kcap/kafka/settings.js';

import { batchOf, numbered } from '../packet/packets.js';
import { keptLog } from './log.js';
import { captureOnLoopback, consumerWithoutBroker, datagramsToNobody } from './threaded-objects.js';

const topic = 'packets';
const broker = new InMemoryBroker(0);
broker.createTopic(topic, 1);
const user = new Map([
  ['bootstrap.servers', broker.address],
  ['enable.idempotence', 'false'],
]);
const producer = new BatchProducer(
  {
    ...{ properties: producerProperties(user), topic, timestamp: 'packet', mayFillQueue: true },
    ...{ pushIntervalMs: 0, fullBytes: 0, headers: [], namesInterface: false, reportEvery: 0 },
  },
  keptLog().log,
);
const forever = new AbortController().signal;
await producer.send(batchOf(numbered(1)), forever);
if ((await producer.flush(10_000)) > 0) throw new Error('The producer has not connected');

for (const group of [undefined, 'team']) {
  const shared = group !== undefined;
  const consumer = new BatchConsumer(
    {
      properties: consumerProperties(user, { group, partitions: 1, tellsEnds: false }),
      ...{ topic, shared, partitions: [{ partition: 0, start: 0, end: undefined }] },
      ...{ otherStart: 0, linkType: 1, keyUnit: 'us', values: 'frame', inTimeOrder: false },
      ...{ tellsNames: false, overridesCommitted: false, window: undefined },
    },
    keptLog().log,
  );
  if (shared) void consumer.next();
  else if ((await consumer.next())?.packets.count !== 1) throw new Error('Nothing was consumed');
}

/** One that has been asked for packets, and one that has not: it has no thread yet. */
for (const isRead of [true, false]) {
  const capture = captureOnLoopback({ filter: 'ether proto 0x88b5', leavesOutKcap: true });
  if (isRead) void capture.next();
}

// Under way when the worker is ended; one is being closed.
void producer.send(batchOf(numbered(2)), forever);
void datagramsToNobody().send(Buffer.alloc(60_000), new Int32Array(20_000).fill(60_000));
void consumerWithoutBroker().close();
parentPort?.postMessage('at work');
