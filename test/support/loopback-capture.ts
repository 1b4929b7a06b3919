import type { TestContext } from 'node:test';

import { LiveCapture } from '#kcap/capture/live-capture.js';

import { packetsIn } from '../packet/packets.js';

export interface LoopbackCapture {
  /** Ends it; the frames until now. */
  frames(): Promise<Buffer[]>;
}

/** A capture on lo that leaves out what kcap itself sends. It is read from the beginning, as a run does: its ring is small. */
export function captureLoopback(t: TestContext, filter: string): LoopbackCapture {
  const capture = LiveCapture.open({
    ...{ interface: 'lo', snapLength: 1000, bufferMiB: 4, promiscuous: false },
    ...{ precision: 'micro', timestampType: undefined, linkType: undefined, filter },
    leavesOutKcap: true,
  });
  t.after(() => capture.close());
  const frames: Buffer[] = [];
  const read = async () => {
    for (let batch; (batch = await capture.next()) !== null;)
      frames.push(...packetsIn(batch.bytes).map(({ frame }) => frame));
  };
  const reading = read();
  return {
    frames: async () => {
      capture.stop();
      await reading;
      return frames;
    },
  };
}
