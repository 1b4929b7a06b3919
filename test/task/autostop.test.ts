import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import pino from 'pino';

import { PcapSize } from '#kcap/pcap/file-size.js';
import { PacketRun } from '#kcap/pipeline/packet-run.js';
import { Branch } from '#kcap/pipeline/branch.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { Autostop, limitText, type AutostopConditions } from '#kcap/task/autostop.js';

import { batchOf, numbered } from '../packet/packets.js';
import { HandWrittenSink, HandWrittenSource } from '../pipeline/hand-written.js';

const BATCHES = [0, 5, 10].map((first) => batchOf(numbered(5, { first })));

const exact: [AutostopConditions, number, string][] = [
  [{ packets: 7 }, 7, 'packets:7'],
  [{ packets: 5 }, 5, 'packets:5'],
  // The second packet is the one with which the file has a byte more than the first.
  [{ fileBytes: 24 + 76 + 1 }, 2, 'filesize:0.101'],
  [{ packets: 3, fileBytes: 24 + 76 + 1 }, 2, 'filesize:0.101'],
  [{ packets: 1, fileBytes: 24 + 76 + 1, durationMs: 1e6, idleMs: 1e6 }, 1, 'packets:1'],
];
for (const [conditions, packets, said] of exact)
  test(`${JSON.stringify(conditions)} ends the run with packet ${packets}`, async (t) => {
    const { run, reasons } = running(t, conditions);
    assert.equal((await run()).out.packets, packets);
    assert.deepEqual(reasons(), [said]);
  });

for (const [conditions, said] of [
  [{ durationMs: 30 }, 'duration:0.03'],
  [{ idleMs: 30 }, 'idle:0.03'],
  [{ idleMs: 30, durationMs: 1e6 }, 'idle:0.03'],
] as const)
  test(`${JSON.stringify(conditions)} ends a run to which no packet comes`, async (t) => {
    const { run, reasons } = running(t, conditions, true);
    assert.equal((await run()).out.packets, 15);
    assert.deepEqual(reasons(), [said]);
  });

test('a run that ends by itself says no condition', async (t) => {
  const { run, reasons, stop, autostop } = running(t, { packets: 16, durationMs: 20, idleMs: 20 });
  assert.equal((await run()).out.packets, 15);
  autostop.end();
  assert.equal(stop.requested.aborted, false);
  assert.deepEqual(reasons(), []);
});

test('idle is counted from the last packet', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { autostop, stop } = running(t, { idleMs: 1000 });
  const tick = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  autostop.begin();
  const [arrivals] = autostop.stages;
  tick(900);
  arrivals?.apply(batchOf(numbered(1)));
  tick(600);
  // Batches may be empty.
  arrivals?.apply(batchOf([]));
  tick(399);
  assert.equal(stop.requested.aborted, false);
  tick(1);
  assert.equal(stop.requested.aborted, true);
});

test('a condition is called as options or tasks have it', () => {
  for (const [condition, text] of [
    ['packets:10', 'limits.packets: 10'],
    ['filesize:2.5', 'limits.bytes: 2500'],
    ['duration:1.5', 'limits.duration: 1.5s'],
    ['idle:3', 'limits.idle: 3s'],
  ] as const)
    assert.equal(limitText(condition), text);
});

function running(t: TestContext, conditions: AutostopConditions, endless = false) {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const stop = new Stop(0);
  const autostop = new Autostop(conditions, { size: new PcapSize(), stop, log });
  t.after(() => {
    autostop.end();
  });
  const source = new HandWrittenSource([], BATCHES, { endless });
  const branch = new Branch({ name: 'a', sink: new HandWrittenSink([]) });
  const packetRun = new PacketRun(source, autostop.stages, [branch]);
  return {
    autostop,
    stop,
    run: async () => {
      autostop.begin();
      // What ends a run must do so by itself: an alarm keeps no process alive.
      const alive = setInterval(() => undefined, 1000);
      await packetRun.run(stop);
      clearInterval(alive);
      return packetRun.account();
    },
    reasons: () => lines.map((line) => (JSON.parse(line) as { condition: string }).condition),
  };
}
