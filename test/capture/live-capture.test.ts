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

test('what is in the ring at a stop comes, and nothing later', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const capture = opened(t, veth, 'micro');
  await sendFrames(veth, [Buffer.alloc(60), Buffer.alloc(2000 - 500)]);
  capture.stop();
  await sendFrames(veth, [Buffer.alloc(60)]);
  assert.equal(await rest(capture), 2);
  const { cut, droppedKernel, abandoned } = capture.counters();
  assert.deepEqual({ cut, droppedKernel, abandoned }, { cut: 1, droppedKernel: 0, abandoned: 0 });
});

test('what is in the ring at the end of all time is counted', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const capture = opened(t, veth, 'micro');
  await sendFrames(veth, [Buffer.alloc(60), Buffer.alloc(70), Buffer.alloc(80)]);
  capture.stop();
  capture.abandon();
  assert.equal(await rest(capture), 0);
  const { abandoned, abandonedBytes } = capture.counters();
  assert.deepEqual({ abandoned, abandonedBytes }, { abandoned: 3, abandonedBytes: 210 });
});

test('captures are closed all at once, read or unread, and twice', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const captures = Array.from({ length: 60 }, () => opened(t, veth, 'micro'));
  const reads = captures.slice(0, 30).map((capture) => capture.next());
  // The kernel takes some 20 ms for each; how many more, where others use the machine, these tell.
  const inTurn = captures.slice(-10);
  const began = performance.now();
  for (const capture of inTurn) await capture.close();
  const before = performance.now();
  await Promise.all(captures.map((capture) => capture.close()));
  const oneAfterTheOther = ((before - began) / inTurn.length) * (captures.length - inTurn.length);
  assert.ok(performance.now() - before < oneAfterTheOther / 2);
  assert.deepEqual(new Set(await Promise.all(reads)), new Set([null]));
});

test(
  'a closed capture keeps no descriptor, and can still be asked for packets and stopped',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const before = (await readdir('/proc/self/fd')).length;
    const captures = [opened(t, veth, 'micro'), opened(t, veth, 'micro')];
    const read = captures[0]?.next();
    await Promise.all(captures.map((capture) => capture.close()));
    assert.equal(await read, null);
    assert.equal((await readdir('/proc/self/fd')).length, before);
    for (const capture of captures) {
      assert.equal(await capture.next(), null);
      capture.stop();
      capture.abandon();
    }
  },
);

/** How many packets come until the end. */
async function rest(capture: LiveCapture): Promise<number> {
  let count = 0;
  for (let batch; (batch = await capture.next()) !== null;) count += batch.count;
  return count;
}

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
