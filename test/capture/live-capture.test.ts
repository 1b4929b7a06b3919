import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';

import { LiveCapture } from '#kcap/capture/live-capture.js';

import { sendFrames } from '../support/traffic.js';
import { noVeth, type VethPair, vethPair } from '../support/veth.js';

for (const precision of ['micro', 'nano'] as const) {
  test(`a batch says where and how it was captured: ${precision}`, { skip: noVeth }, async (t) => {
    const veth = await vethPair(t);
    const capture = opened(t, veth, precision);
    const link = { interface: veth.inside, linkType: 1, precision, snapLength: 1000 };
    assert.deepEqual(capture.link, link);
    await sendFrames(veth, [Buffer.alloc(60)]);
    assert.deepEqual((await capture.next())?.link, link);
  });
}

test(
  'packets wait in the kernel, and no thread is there to touch them, until one is asked for',
  {
    skip: noVeth,
  },
  async (t) => {
    const veth = await vethPair(t);
    const threads = await readdir('/proc/self/task');
    const capture = opened(t, veth, 'micro');
    await sendFrames(veth, [Buffer.alloc(60), Buffer.alloc(70)]);
    assert.deepEqual(await readdir('/proc/self/task'), threads);
    assert.ok((await capture.next())?.count);
  },
);

function opened(t: TestContext, veth: VethPair, precision: 'micro' | 'nano'): LiveCapture {
  const capture = LiveCapture.open({
    interface: veth.inside,
    snapLength: 1000,
    bufferMiB: 2,
    promiscuous: true,
    precision,
    timestampType: 'host',
    linkType: 1,
    filter: '',
    leavesOutKcap: false,
  });
  t.after(() => capture.close());
  return capture;
}
