import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { UserError } from '#kcap/errors/user-error.js';
import { MergedSources } from '#kcap/sources/merged.js';
import { TopicSource } from '#kcap/sources/topic.js';

import { InMemoryKafka } from '../kafka/in-memory.js';
import { batchOf } from '../packet/packets.js';
import { HandWrittenSource, type Diary, type SourceOptions } from '../pipeline/hand-written.js';
import { testsOfSource } from '../pipeline/source-contract.js';

// The packets come from one of two, so that their order is known.
testsOfSource('several sources', {
  ending: async (t, packets) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(packets));
    const full = new TopicSource(kafka.topic, kafka.consumer({ end: packets.length }));
    return new MergedSources([full, new HandWrittenSource([], [])], failOnLost);
  },
  endless: async (t, packets) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(packets));
    const full = new TopicSource(kafka.topic, kafka.consumer());
    return new MergedSources([new HandWrittenSource([], [], { endless: true }), full], failOnLost);
  },
});

/** One that wants to know at once of both signals, as a live capture does. */
class ListeningSource extends HandWrittenSource {
  override batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch> {
    for (const signal of [stop, giveUp]) signal?.addEventListener('abort', () => undefined);
    return super.batches(stop);
  }
}

function failOnLost(error: UserError): never {
  throw error;
}

/** A source of batches whose packets have this many bytes. */
function sourceOf(
  diary: Diary,
  bytes: readonly number[],
  options?: SourceOptions,
): HandWrittenSource {
  return new HandWrittenSource(
    diary,
    bytes.map((length) => batchOf([{ seconds: 0, fraction: 0, frame: Buffer.alloc(length) }])),
    options,
  );
}

async function frameLengths(
  source: MergedSources,
  stop: AbortSignal = new AbortController().signal,
  onBatch: (batch: PacketBatch) => void = () => undefined,
): Promise<number[]> {
  const lengths: number[] = [];
  for await (const batch of source.batches(stop)) {
    lengths.push(batch.bytes.length - 16);
    onBatch(batch);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return lengths;
}

describe('several sources', () => {
  test('take turns where all have packets: none is starved', async () => {
    const sources = [
      sourceOf([], [1, 2, 3, 4]),
      sourceOf([], [11, 12]),
      sourceOf([], [21, 22, 23]),
    ];
    const lengths = await frameLengths(new MergedSources(sources, failOnLost));
    assert.deepEqual(lengths, [1, 11, 21, 2, 12, 22, 3, 23, 4]);
  });

  test('are each asked for the next batch when their last one was handled', async () => {
    const diary: Diary = [];
    const merged = new MergedSources([sourceOf(diary, [1, 1]), sourceOf(diary, [1])], failOnLost);
    await frameLengths(merged, undefined, () => diary.push('handled'));
    assert.deepEqual(diary, [
      ...['give 1', 'give 1'],
      ...['handled', 'give 1', 'handled', 'source ends', 'handled', 'source ends'],
    ]);
  });

  test('go on without one that fails, which is said; the run fails at its end', async () => {
    const gone = new UserError('capture on eth1', 'The interface disappeared');
    const lost: UserError[] = [];
    const sources = [sourceOf([], [1, 2, 3]), sourceOf([], [11], { error: gone })];
    const merged = new MergedSources(sources, (error) => lost.push(error));
    const lengths: number[] = [];
    await assert.rejects(async () => {
      for await (const { bytes } of merged.batches(new AbortController().signal))
        lengths.push(bytes.length - 16);
    }, gone);
    assert.deepEqual(lengths, [1, 11, 2, 3]);
    assert.deepEqual(lost, [gone]);
  });

  test('end together where the failure of one asks for that; what the others have comes', async () => {
    const gone = new UserError('capture on eth1', 'gone');
    const diary: Diary = [];
    const sources = [
      sourceOf(diary, [1, 2], { endless: true }),
      sourceOf([], [11], { error: gone }),
    ];
    const merged = new MergedSources(sources, (_error, endOthers) => {
      endOthers();
    });
    const lengths: number[] = [];
    await assert.rejects(async () => {
      for await (const { bytes } of merged.batches(new AbortController().signal))
        lengths.push(bytes.length - 16);
    }, gone);
    assert.deepEqual(lengths, [1, 11, 2]);
    assert.equal(diary.at(-1), 'source ends');
  });

  test('end with the last one’s failure when all fail', async () => {
    const first = new UserError('capture on eth1', 'gone');
    const last = new UserError('capture on eth2', 'gone');
    const lost: UserError[] = [];
    const sources = [sourceOf([], [1, 2], { error: last }), sourceOf([], [], { error: first })];
    const merged = new MergedSources(sources, (error) => lost.push(error));
    await assert.rejects(frameLengths(merged), last);
    assert.deepEqual(lost, [first]);
  });

  test('end at once where one has a bug', async () => {
    const bug = new TypeError('a bug');
    const diary: Diary = [];
    const sources = [sourceOf(diary, [], { endless: true }), sourceOf([], [], { error: bug })];
    await assert.rejects(frameLengths(new MergedSources(sources, failOnLost)), bug);
    assert.deepEqual(diary, ['source ends']);
  });

  test('are all stopped by a stop', async () => {
    const diary: Diary = [];
    const stop = new AbortController();
    const sources = [1, 2].map((length) => sourceOf(diary, [length], { endless: true }));
    const lengths = await frameLengths(
      new MergedSources(sources, failOnLost),
      stop.signal,
      (batch) => {
        if (batch.bytes.length === 18) stop.abort();
      },
    );
    assert.deepEqual(lengths, [1, 2]);
    assert.deepEqual(diary, ['give 1', 'give 1', 'source ends', 'source ends']);
  });

  test('may be many without a warning of Node’s', async (t) => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    t.after(() => process.off('warning', note));
    const stop = new AbortController();
    const giveUp = new AbortController();
    const sources = Array.from({ length: 12 }, () => new ListeningSource([], []));
    const merged = new MergedSources(sources, failOnLost);
    for await (const batch of merged.batches(stop.signal, giveUp.signal))
      assert.fail(`${batch.count}`);
    // Warnings come in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  });

  test('are all at rest once they are left', async () => {
    const diary: Diary = [];
    const sources = [sourceOf(diary, [1, 2]), sourceOf(diary, [], { endless: true })];
    for await (const batch of new MergedSources(sources, failOnLost).batches(
      new AbortController().signal,
    )) {
      assert.equal(batch.count, 1);
      break;
    }
    assert.deepEqual(diary, ['give 1', 'source ends', 'source ends']);
  });

  test('have their drops added up, and are closed together', async () => {
    const diary: Diary = [];
    const merged = new MergedSources(
      [
        sourceOf(diary, [], { beside: { dropped_kernel: 1, dropped_interface: 20 } }),
        sourceOf(diary, [], { beside: { dropped_kernel: 2, dropped_interface: 10 } }),
      ],
      failOnLost,
    );
    const { beside, sources } = merged.account();
    assert.deepEqual([...(sources ?? [])], [['hand-written', { packets: 0, bytes: 0 }]]);
    assert.deepEqual(beside, { dropped_kernel: 3, dropped_interface: 30 });
    await merged.close();
    assert.deepEqual(diary, ['close source', 'close source']);
    assert.equal(merged.name, 'hand-written, hand-written');
  });
});
