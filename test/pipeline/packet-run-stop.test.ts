import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import { EMPTY_ACCOUNT } from '#kcap/pipeline/account.js';
import { ReaderLeft, type Stage } from '#kcap/pipeline/contracts.js';
import { Stop } from '#kcap/pipeline/stop.js';

import { batchOf, numbered, originOf } from '../packet/packets.js';
import { HandWrittenSink, HandWrittenSource, type Diary } from './hand-written.js';
import { packetRun, summaryOf } from './ends.js';

describe('a packet run that is asked to stop', () => {
  test('while it waits for packets, ends its source and flushes', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(1))], { endless: true }),
      [],
      new HandWrittenSink(diary),
    );
    const stop = new Stop(1000);
    const ended = run.run(stop);
    stop.request();
    await ended;
    assert.deepEqual(diary, ['give 1', 'write 1', 'written 1', 'source ends', 'flush']);
  });

  test('while it writes, writes to the end what it has begun', async () => {
    const diary: Diary = [];
    const stop = new Stop(1000);
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(2)), batchOf(numbered(2))]),
      [],
      new HandWrittenSink(diary, {
        onWrite: async () => {
          stop.request();
          await new Promise((resolve) => setImmediate(resolve));
        },
      }),
    );
    await run.run(stop);
    assert.deepEqual(diary, ['give 2', 'write 2', 'written 2', 'source ends', 'flush']);
  });

  test('while a stage gets ready, waits no longer and takes no packet', async () => {
    const diary: Diary = [];
    const never: Stage = {
      finished: false,
      prepare: () => new Promise(() => undefined),
      apply: (batch) => batch,
      account: () => EMPTY_ACCOUNT,
    };
    const origin = originOf([[0, 1]], [{ partition: 0, offset: 2 }]);
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(1), { origin })]),
      [never],
      new HandWrittenSink(diary),
    );
    const stop = new Stop(1000);
    const ended = run.run(stop);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(diary, ['give 1']);
    stop.request();
    await ended;
    assert.deepEqual(diary, ['give 1', 'source ends', 'flush']);
    const { packets_in, packets_under_way } = summaryOf(run);
    assert.deepEqual([packets_in, packets_under_way], [0, 0]);
  });

  test('gives its sink up when the drain timeout is over, and ends', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const diary: Diary = [];
    const stop = new Stop(10_000);
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(3))]),
      [],
      new HandWrittenSink(diary, {
        onWrite: async (_batch, giveUp) => {
          await once(giveUp, 'abort');
          throw new ReaderLeft();
        },
      }),
    );
    const ended = run.run(stop);
    stop.request();
    t.mock.timers.tick(9999);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(diary, ['give 3', 'write 3']);
    t.mock.timers.tick(1);
    await ended;
    assert.deepEqual(diary, ['give 3', 'write 3', 'source ends', 'flush']);
    assert.equal(summaryOf(run).packets_in, 0);
  });

  test('gives a flush up as well', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(10_000);
    const run = packetRun(
      new HandWrittenSource([], []),
      [],
      new HandWrittenSink([], {
        onFlush: async (giveUp) => {
          stop.request();
          t.mock.timers.tick(10_000);
          assert.equal(giveUp.aborted, true);
          await Promise.resolve();
        },
      }),
    );
    await run.run(stop);
  });

  for (const flush of ['comes to its end', 'fails'] as const) {
    test(`never gives up what is over: its flush ${flush}`, async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const stop = new Stop(1000);
      stop.request();
      const onFlush =
        flush === 'fails' ? () => Promise.reject(new Error('disk full')) : () => Promise.resolve();
      const run = packetRun(
        new HandWrittenSource([], []),
        [],
        new HandWrittenSink([], { onFlush }),
      );
      await run.run(stop).catch(() => undefined);
      t.mock.timers.tick(1000);
      assert.equal(stop.giveUp.aborted, false);
    });
  }
});
