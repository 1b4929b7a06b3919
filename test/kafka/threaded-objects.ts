/** The addon's objects that have a thread of their own, each as far as it can be opened without a broker. */
import { LiveCapture } from '#kcap/capture/live-capture.js';
import { BatchConsumer } from '#kcap/kafka/batch-consumer.js';
import { BatchProducer } from '#kcap/kafka/batch-producer.js';
import { consumerProperties, producerProperties } from '#kcap/kafka/settings.js';
import { DatagramSocket } from '#kcap/net/datagram-socket.js';

import { keptLog } from './log.js';

/** Nobody listens there. */
export const UNREACHABLE = new Map([['bootstrap.servers', '127.0.0.1:1']]);

export function producerWithoutBroker(): BatchProducer {
  const options = {
    topic: 'packets',
    properties: producerProperties(UNREACHABLE),
    timestamp: 'packet',
    mayFillQueue: true,
    pushIntervalMs: 0,
    fullBytes: 0,
    headers: [],
    namesInterface: false,
    reportEvery: 0,
  } as const;
  return new BatchProducer(options, keptLog().log);
}

export function consumerWithoutBroker(): BatchConsumer {
  const options = {
    topic: 'packets',
    properties: consumerProperties(UNREACHABLE, {
      group: undefined,
      partitions: 1,
      tellsEnds: false,
    }),
    shared: false,
    partitions: [{ partition: 0, start: 0, end: undefined }],
    otherStart: 0,
    linkType: 1,
    keyUnit: 'us',
    values: 'frame',
    inTimeOrder: false,
    tellsNames: false,
    overridesCommitted: false,
    window: undefined,
  } as const;
  return new BatchConsumer(options, keptLog().log);
}

/** To a port where nobody has to listen. */
export function datagramsToNobody(): DatagramSocket {
  return new DatagramSocket('127.0.0.1', 9);
}

/** Its thread begins with the first next(). */
export function captureOnLoopback({ filter = '', leavesOutKcap = false } = {}): LiveCapture {
  return LiveCapture.open({
    interface: 'lo',
    snapLength: 1000,
    bufferMiB: 2,
    promiscuous: false,
    precision: 'micro',
    timestampType: undefined,
    linkType: undefined,
    filter,
    leavesOutKcap,
  });
}
