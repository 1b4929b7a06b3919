/** A worker that opens what has a thread of its own, and waits until it is terminated. */
import { parentPort } from 'node:worker_threads';

import {
  captureOnLoopback,
  consumerWithoutBroker,
  datagramsToNobody,
  producerWithoutBroker,
} from './threaded-objects.js';

const consumer = consumerWithoutBroker();
const capture = captureOnLoopback();
producerWithoutBroker();
const datagrams = datagramsToNobody();
// One has an open promise when it ends, and one is being closed.
void capture.next();
void datagrams.send(Buffer.alloc(60_000), new Int32Array(20_000).fill(60_000));
void consumer.close();
parentPort?.postMessage('open');
