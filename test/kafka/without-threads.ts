/** A process to which the test gives no more threads: says what becomes of all that needs one. */
import { LiveCapture } from '#kcap/capture/live-capture.js';
import { messageOf, UserError } from '#kcap/errors/user-error.js';
import { BatchConsumer } from '#kcap/kafka/batch-consumer.js';
import { BatchProducer } from '#kcap/kafka/batch-producer.js';
import { requireThreads } from '#kcap/kafka/client-threads.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { consumerProperties, producerProperties } from '#kcap/kafka/settings.js';
import { StandardError } from '#kcap/terminal/standard-error.js';

import { keptLog } from './log.js';

const user = new Map([['bootstrap.servers', '127.0.0.1:1']]);
const producer = {
  topic: 'packets',
  timestamp: 'packet',
  mayFillQueue: true,
  pushIntervalMs: 0,
  fullBytes: 0,
  headers: [],
  namesInterface: false,
  reportEvery: 0,
} as const;
const consumer = {
  topic: 'packets',
  shared: false,
  partitions: [{ partition: 0, start: 0, end: undefined }],
  otherStart: 0,
  linkType: 1,
  keyUnit: 'us',
  inTimeOrder: false,
  tellsNames: false,
  overridesCommitted: false,
  window: undefined,
} as const;
const capture = {
  interface: 'lo',
  snapLength: 1000,
  bufferMiB: 2,
  promiscuous: false,
  precision: 'micro',
  timestampType: undefined,
  linkType: undefined,
  filter: '',
  leavesOutKcap: false,
} as const;

const NEEDY: readonly (() => unknown)[] = [
  () => {
    requireThreads(user);
  },
  () => new BatchProducer({ ...producer, properties: producerProperties(user) }, keptLog().log),
  () => {
    const properties = consumerProperties(user, {
      group: undefined,
      partitions: 1,
      tellsEnds: false,
    });
    return new BatchConsumer({ ...consumer, properties }, keptLog().log);
  },
  () => new InMemoryBroker(0),
  async () => {
    const open = LiveCapture.open(capture);
    try {
      await open.next();
    } finally {
      await open.close();
    }
  },
];

console.log('ready');
process.stdin.once('data', () => {
  void (async () => {
    for (const need of NEEDY)
      try {
        await need();
        console.log('there is one');
      } catch (error) {
        console.log(messageOf(error));
        if (error instanceof UserError && error.remedy) console.log(error.remedy);
      }
    const log = new StandardError();
    log.insist(() => {
      log.write('the log\n');
    });
    process.exit(0);
  })();
});
