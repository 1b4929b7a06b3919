/** A worker that opens what has a thread of its own, and waits until it is terminated. */
import { parentPort } from 'node:worker_threads';

import {
  captureOnLoopback,
  consumerWithoutBroker,
  producerWithoutBroker,
} from './threaded-objects.js';

const consumer = consumerWithoutBroker();
const capture = captureOnLoopback();
producerWithoutBroker();
// One has an open promise when it ends, and one is being closed.
void capture.next();
void consumer.close();
parentPort?.postMessage('open');
