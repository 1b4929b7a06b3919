import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { LiveCapture } from '#kcap/capture/live-capture.js';
import { UserError } from '#kcap/errors/user-error.js';

import { packetsIn } from '../packet/packets.js';
import { numberOf } from '../support/numbered-frames.js';
import { afterTraffic, flood, sendFrames } from '../support/traffic.js';
import { noVeth, type VethPair, vethPair } from '../support/veth.js';

const skip = noVeth;
/** Of test/support/numbered-frames.ts. */
const NUMBERED = 'ether proto 0x88b5';
/** Longer than the kernel takes, and true of the numbered frames. */
const TOO_LONG = Array.from({ length: 1500 }, (_, byte) => `ether[20] != ${byte % 250}`)
  .concat(NUMBERED)
  .join(' or ');

for (const [what, filters] of [
  ['the kernel runs both', [`${NUMBERED} and ether[15] >= 0`, NUMBERED]],
  ['one is for all packets', ['', NUMBERED]],
  ['the kernel refuses one', [NUMBERED, TOO_LONG]],
] as const)
  test(`no packet that both filters let pass is lost: ${what}`, { skip }, async (t) => {
    const veth = await vethPair(t);
    const [first, second] = filters;
    const capture = captureOn(t, veth, first);
    const numbers = numbersOf(capture);
    const traffic = flood(veth, { packetsPerSecond: 5000, frameBytes: 60, seconds: 1 });
    for (let change = 1; change <= 10; change++) {
      await afterTraffic(veth, change * 400);
      await capture.setFilter(change % 2 === 1 ? second : first);
    }
    await traffic;
    capture.stop();
    assert.deepEqual(
      await numbers,
      Array.from({ length: 5000 }, (_, number) => number),
    );
    assert.equal(capture.counters().droppedKernel, 0);
  });

test('each packet is judged by the filter that holds when it comes', { skip }, async (t) => {
  const veth = await vethPair(t);
  const [short, long] = [Buffer.alloc(60, 1), Buffer.alloc(100, 2)];
  const capture = captureOn(t, veth, 'less 80');
  await sendFrames(veth, [short, long]);
  await capture.setFilter('greater 80');
  assert.equal(capture.filter, 'greater 80');
  await sendFrames(veth, [short, long]);
  await capture.setFilter('');
  await sendFrames(veth, [long, short]);
  assert.deepEqual(await rest(capture), [short, long, long, short]);
});

test('a new filter also holds where no packet has come before it', { skip }, async (t) => {
  const veth = await vethPair(t);
  const capture = captureOn(t, veth, 'greater 80');
  await capture.setFilter('less 80');
  const frame = Buffer.alloc(60, 3);
  await sendFrames(veth, [frame, Buffer.alloc(100)]);
  assert.deepEqual(await rest(capture), [frame]);
});

test('a filter that makes no sense changes nothing', { skip }, async (t) => {
  const veth = await vethPair(t);
  const capture = captureOn(t, veth, 'greater 80');
  await assert.rejects(capture.setFilter('no such filter'), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /no such filter/);
    return true;
  });
  assert.equal(capture.filter, 'greater 80');
  const frame = Buffer.alloc(100, 4);
  await sendFrames(veth, [Buffer.alloc(60), frame]);
  assert.deepEqual(await rest(capture), [frame]);
});

test('a capture that has ended takes no filter any more', { skip }, async (t) => {
  const veth = await vethPair(t);
  const capture = captureOn(t, veth, '');
  await capture.close();
  await assert.rejects(capture.setFilter('tcp'), /the capture has ended/);
});

function captureOn(t: TestContext, veth: VethPair, filter: string): LiveCapture {
  const capture = LiveCapture.open({
    ...{ interface: veth.inside, snapLength: 1000, bufferMiB: 8, promiscuous: true },
    ...{ precision: 'micro', timestampType: 'host', linkType: 1, filter, leavesOutKcap: true },
  });
  t.after(() => capture.close());
  return capture;
}

async function numbersOf(capture: LiveCapture): Promise<number[]> {
  const numbers: number[] = [];
  for (let batch; (batch = await capture.next()) !== null;)
    numbers.push(...packetsIn(batch.bytes).map(({ frame }) => numberOf(frame)));
  return numbers;
}

/** The frames until now. */
async function rest(capture: LiveCapture): Promise<Buffer[]> {
  capture.stop();
  const frames: Buffer[] = [];
  for (let batch; (batch = await capture.next()) !== null;)
    frames.push(...packetsIn(batch.bytes).map(({ frame }) => frame));
  return frames;
}
