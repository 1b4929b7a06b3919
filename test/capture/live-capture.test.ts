import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveCapture } from '#kcap/capture/live-capture.js';

import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

for (const precision of ['micro', 'nano'] as const) {
  test(`a batch says where and how it was captured: ${precision}`, { skip: noVeth }, async (t) => {
    const veth = await vethPair(t);
    const capture = LiveCapture.open({
      interface: veth.inside,
      snapLength: 1000,
      bufferMiB: 2,
      promiscuous: true,
      precision,
      timestampType: 'host',
      linkType: 1,
      filter: '',
      ownConnections: undefined,
    });
    t.after(() => capture.close());
    const link = { interface: veth.inside, linkType: 1, precision, snapLength: 1000 };
    assert.deepEqual(capture.link, link);
    await sendFrames(veth, [Buffer.alloc(60)]);
    assert.deepEqual((await capture.next())?.link, link);
  });
}
