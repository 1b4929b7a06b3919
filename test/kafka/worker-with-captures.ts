/** A worker that is given batches for the first time when it says that it captures, and is terminated then. */
import { parentPort } from 'node:worker_threads';

import { captureOnLoopback } from './threaded-objects.js';

for (let count = 0; count < 4; count++) void captureOnLoopback().next();
parentPort?.postMessage('capturing');
