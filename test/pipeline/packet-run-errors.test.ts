import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { Stop } from '#kcap/pipeline/stop.js';

import { batchOf, numbered, originOf } from '../packet/packets.js';
import {
  HandWrittenSink,
  HandWrittenSource,
  HandWrittenStage,
  type Diary,
} from './hand-written.js';
import { packetRun, summaryOf } from './ends.js';

const diskFull = new UserError('write out.pcap', 'no space left on device');
const damaged = new UserError('read in.pcap', 'damaged');

test('a packet run closes its sink also where its source fails to close', async () => {
  const diary: Diary = [];
  const source = new HandWrittenSource(diary, []);
  source.close = () => Promise.reject(damaged);
  const run = packetRun(source, [], new HandWrittenSink(diary));
  await assert.rejects(run.close(), damaged);
  assert.deepEqual(diary, ['close sink']);
});

describe('a packet run whose reader leaves', () => {
  test('ends well; the batch that it could not write was not taken, nor is it acknowledged', async () => {
    const diary: Diary = [];
    let writes = 0;
    const origin = originOf([[0, 0]], [{ partition: 0, offset: 1 }]);
    const run = packetRun(
      new HandWrittenSource(
        diary,
        [1, 2, 3].map((count) => batchOf(numbered(count), { origin })),
      ),
      [],
      new HandWrittenSink(diary, {
        onWrite: () => (++writes === 2 ? Promise.reject(new ReaderLeft()) : Promise.resolve()),
      }),
    );
    await run.run(new Stop(0));
    assert.deepEqual(diary, [
      ...['give 1', 'write 1', 'written 1', 'acknowledge 0:1'],
      ...['give 2', 'write 2', 'source ends', 'flush'],
    ]);
    const one = { packets: 1, bytes: 60 };
    assert.deepEqual(run.account(), { in: one, out: one, outcomes: new Map(), beside: {} });
  });

  test('in the middle of a batch, has taken what went out of it', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(5))]),
      [],
      new HandWrittenSink(diary, {
        onWrite: () => Promise.reject(new ReaderLeft(2)),
      }),
    );
    await run.run(new Stop(0));
    const two = { packets: 2, bytes: 121 };
    assert.deepEqual(run.account(), { in: two, out: two, outcomes: new Map(), beside: {} });
  });

  test('in the middle of a batch, acknowledges what went out of it: no later run gives that again', async () => {
    const diary: Diary = [];
    const origin = originOf(
      [
        [0, 10],
        [0, 11],
        [0, 12],
      ],
      [{ partition: 0, offset: 13 }],
    );
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(3), { origin })]),
      [],
      new HandWrittenSink(diary, { onWrite: () => Promise.reject(new ReaderLeft(2)) }),
    );
    await run.run(new Stop(0));
    assert.deepEqual(diary, ['give 3', 'write 3', 'acknowledge 0:12', 'source ends', 'flush']);
  });

  test('only when it flushes, ends well', async () => {
    const run = packetRun(
      new HandWrittenSource([], []),
      [],
      new HandWrittenSink([], { onFlush: () => Promise.reject(new ReaderLeft()) }),
    );
    await run.run(new Stop(0));
  });
});

describe('a packet run that fails', () => {
  test('in a write, flushes what was written before it says so', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(1))]),
      [],
      new HandWrittenSink(diary, { onWrite: () => Promise.reject(diskFull) }),
    );
    await assert.rejects(run.run(new Stop(0)), diskFull);
    assert.deepEqual(diary, ['give 1', 'write 1', 'source ends', 'flush']);
    assert.equal(summaryOf(run).packets_in, 0);
  });

  test('in its source, flushes what came before it says so', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(1))], { error: damaged }),
      [],
      new HandWrittenSink(diary),
    );
    await assert.rejects(run.run(new Stop(0)), damaged);
    assert.deepEqual(diary, ['give 1', 'write 1', 'written 1', 'source ends', 'flush']);
    assert.equal(summaryOf(run).packets_out, 1);
  });

  test('in its flush, says so', async () => {
    const run = packetRun(
      new HandWrittenSource([], []),
      [],
      new HandWrittenSink([], { onFlush: () => Promise.reject(diskFull) }),
    );
    await assert.rejects(run.run(new Stop(0)), diskFull);
  });

  test('in its source and then in its flush, says what failed first', async () => {
    const run = packetRun(
      new HandWrittenSource([], [], { error: damaged }),
      [],
      new HandWrittenSink([], { onFlush: () => Promise.reject(diskFull) }),
    );
    await assert.rejects(run.run(new Stop(0)), damaged);
  });

  test('in a stage, has not taken the batch that the stage refused', async (t) => {
    const diary: Diary = [];
    const stage = new HandWrittenStage(diary, 'filter');
    t.mock.method(stage, 'apply', () => {
      throw damaged;
    });
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(5))]),
      [stage],
      new HandWrittenSink(diary),
    );
    await assert.rejects(run.run(new Stop(0)), damaged);
    assert.deepEqual(diary, ['give 5', 'source ends', 'flush']);
    assert.equal(summaryOf(run).packets_in, 0);
  });
});
