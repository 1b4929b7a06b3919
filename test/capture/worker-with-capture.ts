/** A worker with a capture of which JavaScript holds a batch. It says so, and closes nothing unless it is told to. */
import { parentPort, workerData } from 'node:worker_threads';

import { LiveCapture } from '#kcap/capture/live-capture.js';

const { port, closes } = workerData as { readonly port: number; readonly closes: boolean };
const capture = LiveCapture.open({
  ...{ interface: 'lo', snapLength: 1000, bufferMiB: 2, promiscuous: false, precision: 'micro' },
  ...{ timestampType: undefined, linkType: undefined, filter: `udp port ${port}` },
  leavesOutKcap: false,
});
for (let batches = 0; batches < 3; batches++) await capture.next();
if (closes) {
  capture.stop();
  while (await capture.next());
  await capture.close();
}
parentPort?.postMessage('captured');
