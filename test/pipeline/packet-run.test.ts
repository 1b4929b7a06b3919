import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { Limit } from '#kcap/stages/limit.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';
import {
  HandWrittenSink,
  HandWrittenSource,
  HandWrittenStage,
  type Diary,
} from './hand-written.js';
import { packetRun, summaryOf } from './ends.js';

/** `count` packets of one partition from `offset` on. */
function topicBatch(offset: number, count: number): PacketBatch {
  const positions = Array.from({ length: count }, (_, index) => [0, offset + index] as const);
  const origin = originOf(positions, [{ partition: 0, offset: offset + count }]);
  return batchOf(numbered(count, { first: offset }), { origin });
}

describe('a packet run', () => {
  test('takes a batch through the stages into the sink before it asks for the next one', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(1)), batchOf(numbered(2))]),
      [new HandWrittenStage(diary, 'a'), new HandWrittenStage(diary, 'b')],
      // A sink that takes its time: the event loop turns between the beginning and the end of a write.
      new HandWrittenSink(diary, { onWrite: turnOfTheEventLoop }),
    );
    await run.run(new Stop(0));
    assert.deepEqual(diary, [
      ...['give 1', 'stage a 1', 'stage b 1', 'write 1', 'written 1'],
      ...['give 2', 'stage a 2', 'stage b 2', 'write 2', 'written 2'],
      ...['source ends', 'flush'],
    ]);
  });

  test('lets everything else have its turn between batches that are there at once', async () => {
    const diary: Diary = [];
    const batches = [batchOf(numbered(1)), batchOf(numbered(2))];
    const run = packetRun(
      new HandWrittenSource(diary, batches),
      [],
      new HandWrittenSink(diary, { onWrite: () => Promise.resolve() }),
    );
    setImmediate(() => {
      diary.push('turn');
    });
    await run.run(new Stop(0));
    assert.ok(diary.includes('turn'), diary.join(', '));
    assert.ok(diary.indexOf('turn') < diary.indexOf('give 2'), diary.join(', '));
  });

  test('acknowledges a batch once it is written, and not before', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [topicBatch(10, 2), topicBatch(12, 3)]),
      [],
      new HandWrittenSink(diary, { onWrite: turnOfTheEventLoop }),
    );
    await run.run(new Stop(0));
    assert.deepEqual(diary, [
      ...['give 2', 'write 2', 'written 2', 'acknowledge 0:12'],
      ...['give 3', 'write 3', 'written 3', 'acknowledge 0:15'],
      ...['source ends', 'flush'],
    ]);
  });

  test('ends exactly at a limit, and leaves what is over it to a later run', async () => {
    const diary: Diary = [];
    const written: Buffer[] = [];
    const run = packetRun(
      new HandWrittenSource(diary, [topicBatch(0, 4), topicBatch(4, 4), topicBatch(8, 4)]),
      [new Limit(6)],
      new HandWrittenSink(diary, {
        onWrite: ({ bytes }) => {
          written.push(Buffer.from(bytes));
          return Promise.resolve();
        },
      }),
    );
    const stop = new Stop(0);
    await run.run(stop);
    assert.deepEqual(packetsIn(Buffer.concat(written)), numbered(6));
    assert.deepEqual(diary, [
      ...['give 4', 'write 4', 'written 4', 'acknowledge 0:4'],
      ...['give 4', 'write 2', 'written 2', 'acknowledge 0:6'],
      ...['source ends', 'flush'],
    ]);
    assert.equal(stop.requested.aborted, true);
    const { packets_in, packets_out, bytes_in, bytes_out } = summaryOf(run);
    assert.deepEqual([packets_in, packets_out], [6, 6]);
    assert.deepEqual([bytes_in, bytes_out], [366, 366]);
  });

  test('ends at a limit that is the end of a batch without asking for another one', async () => {
    const diary: Diary = [];
    const run = packetRun(
      new HandWrittenSource(diary, [batchOf(numbered(4)), batchOf(numbered(4))]),
      [new Limit(4)],
      new HandWrittenSink(diary),
    );
    await run.run(new Stop(0));
    assert.deepEqual(diary, ['give 4', 'write 4', 'written 4', 'source ends', 'flush']);
  });

  test('closes its source and its sink', async () => {
    const diary: Diary = [];
    await packetRun(new HandWrittenSource(diary, []), [], new HandWrittenSink(diary)).close();
    assert.deepEqual(diary, ['close source', 'close sink']);
  });
});

async function turnOfTheEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
