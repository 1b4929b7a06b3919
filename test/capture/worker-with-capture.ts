/** A worker with a capture of which JavaScript holds a batch, or without one. It says so, and closes nothing unless told to. */
import { parentPort, workerData } from 'node:worker_threads';

import { LiveCapture } from '#kcap/capture/live-capture.js';

const { port, closes, captures } = workerData as {
  readonly port: number;
  readonly closes: boolean;
  readonly captures: boolean;
};

async function capturePackets(): Promise<void> {
  const capture = LiveCapture.open({
    ...{ interface: 'lo', snapLength: 1000, bufferMiB: 2, promiscuous: false, precision: 'micro' },
    ...{ timestampType: undefined, linkType: undefined, filter: `udp port ${port}` },
    leavesOutKcap: false,
  });
  for (let batches = 0; batches < 3; batches++) await capture.next();
  if (!closes) return;
  capture.stop();
  while (await capture.next());
  await capture.close();
}

if (captures) await capturePackets();
parentPort?.postMessage('captured');
