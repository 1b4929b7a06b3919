import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { LinkFilters } from '#kcap/capture/link-filters.js';
import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { underWay } from '#kcap/pipeline/account.js';
import { Branch } from '#kcap/pipeline/branch.js';
import { PartlyWritten, ReaderLeft } from '#kcap/pipeline/contracts.js';
import { PacketRun } from '#kcap/pipeline/packet-run.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { lost } from '#kcap/pipeline/summary.js';
import { Cut } from '#kcap/stages/cut.js';
import { Filter } from '#kcap/stages/filter.js';
import { Limit } from '#kcap/stages/limit.js';
import { TimeRange } from '#kcap/stages/time-range.js';
import type { Microseconds } from '#kcap/packet/timestamp.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { waitFor } from '../support/wait-for.js';
import { endsOf } from './ends.js';
import {
  HandWrittenSink,
  HandWrittenSource,
  type Diary,
  type SinkOptions,
} from './hand-written.js';

const BATCHES = [0, 5, 10].map((first) => batchOf(numbered(5, { first })));

describe('a run with several ends', () => {
  test('gives each of them all packets, in order, and goes on when all have taken a batch', async () => {
    const diary: Diary = [];
    const [a, b] = [kept(diary), kept(diary)];
    await runInto(new HandWrittenSource(diary, BATCHES), a.branch('a'), b.branch('b'));
    assert.deepEqual(a.packets, numbered(15));
    assert.deepEqual(b.packets, numbered(15));
    assert.deepEqual(diary.slice(0, 6), [
      ...['give 5', 'write 5', 'write 5', 'written 5', 'written 5', 'give 5'],
    ]);
  });

  test('waits for a slow end with the others: what it holds is one batch', async () => {
    let release: () => void = () => undefined;
    const diary: Diary = [];
    const slow = kept([], { onWrite: () => new Promise<void>((resolve) => (release = resolve)) });
    const run = runInto(
      new HandWrittenSource(diary, BATCHES),
      kept([]).branch('a'),
      slow.branch('b'),
    );
    await turns();
    assert.deepEqual(diary, ['give 5']);
    for (let batch = 0; batch < BATCHES.length; batch++) {
      release();
      await turns();
    }
    await run;
    assert.equal(slow.packets.length, 15);
  });

  test('goes on where one fails: that one ends alone, and the run says so at its end', async () => {
    const full = new Error('disk full');
    const failing = kept([], { onWrite: () => Promise.reject(full) });
    const other = kept([]);
    const branches = [other.branch('a'), failing.branch('b')] as const;
    await assert.rejects(runInto(new HandWrittenSource([], BATCHES), ...branches), full);
    assert.equal(other.packets.length, 15);
    assert.deepEqual(
      branches.map(({ ended }) => ended),
      [false, true],
    );
    assert.deepEqual(endsOf(branches[1]), { out: 0, bytesOut: 0, ended: { 'end-failed': 15 } });
    assert.equal(underWay(branches[1].account()).packets, 0);
  });

  test('says at once that one has failed, and counts what it then did not get', async () => {
    let said: unknown;
    let batches = 0;
    const full = new Error('disk full');
    const failing = kept([], {
      onWrite: () => (++batches === 2 ? Promise.reject(full) : Promise.resolve()),
    });
    const other = kept([], {
      onWrite: (batch) => {
        if (batch.bytes.equals(BATCHES[2]?.bytes ?? batch.bytes)) assert.equal(said, full);
        return Promise.resolve();
      },
    });
    const b = failing.branch('b', { onFailure: (error) => (said = error) });
    await assert.rejects(runInto(new HandWrittenSource([], BATCHES), other.branch('a'), b), full);
    assert.equal(said, full);
    assert.deepEqual(endsOf(b), { out: 5, bytesOut: 304, ended: { 'end-failed': 10 } });
  });

  test('has an account of each, told apart by name', async () => {
    const [a, b, c] = [kept([]), kept([]), kept([])];
    const run = new PacketRun(
      new HandWrittenSource([], BATCHES),
      [],
      [
        a.branch('pcap'),
        b.branch('out.pcap', { stages: [new Limit(7)] }),
        c.branch('pcap', { whenSlow: { dropBeyondBytes: 0 } }),
      ],
    );
    await run.run(new Stop(0));
    const account = run.account();
    const packets = [...(account.branches ?? [])].map(([name, of]) => [
      name,
      of.in.packets,
      of.out.packets,
    ]);
    assert.deepEqual(packets, [
      ['pcap', 15, 15],
      ['out.pcap', 7, 7],
      ['pcap (2)', 15, 0],
    ]);
    assert.equal(account.out.packets, 15);
    assert.equal(lost(account), 15);
  });

  test('has no account of branches where there is one', async () => {
    const run = new PacketRun(new HandWrittenSource([], BATCHES), [], [kept([]).branch('a')]);
    await run.run(new Stop(0));
    assert.equal(run.account().branches, undefined);
  });

  test('goes on where the reader of one leaves, and ends well', async () => {
    const leaving = kept([], { onWrite: () => Promise.reject(new ReaderLeft(2)) });
    const other = kept([]);
    const [a, b] = [leaving.branch('a'), other.branch('b')];
    await runInto(new HandWrittenSource([], BATCHES), a, b);
    assert.equal(endsOf(a).out, 2);
    assert.equal(other.packets.length, 15);
  });

  test('goes on where one is finished by a stage of its own', async () => {
    const [a, b] = [kept([]), kept([])];
    await runInto(
      new HandWrittenSource([], BATCHES),
      a.branch('a', { stages: [new Limit(7)] }),
      b.branch('b'),
    );
    assert.deepEqual([a.packets.length, b.packets.length], [7, 15]);
  });

  test('ends with the last of them', async () => {
    const diary: Diary = [];
    const a = kept([]).branch('a', { stages: [new Limit(1)] });
    const b = kept([]).branch('b', { stages: [new Limit(6)] });
    await runInto(new HandWrittenSource(diary, BATCHES), a, b);
    assert.deepEqual(diary, ['give 5', 'give 5', 'source ends']);
  });

  test('acknowledges what all have dealt with, or the least of those that end together', async () => {
    const diary: Diary = [];
    const batches = [0, 3].map((first) => {
      const positions = [0, 1, 2].map((n) => [0, first + n] as const);
      return batchOf(numbered(3, { first }), {
        origin: originOf(positions, [{ partition: 0, offset: first + 3 }]),
      });
    });
    let writes = 0;
    const leaves = (at: number, packets: number) => ({
      onWrite: () => (++writes > at ? Promise.reject(new ReaderLeft(packets)) : Promise.resolve()),
    });
    await runInto(
      new HandWrittenSource(diary, batches),
      kept([], leaves(2, 2)).branch('a'),
      kept([], leaves(2, 1)).branch('b'),
    );
    const acknowledged = diary.filter((line) => line.startsWith('acknowledge'));
    assert.deepEqual(acknowledged, ['acknowledge 0:3', 'acknowledge 0:4']);
  });

  const changes = [
    ['a snapshot length', () => new Cut(20)],
    ['a filter', () => new Filter(new LinkFilters('greater 150'))],
    ['a time range', () => new TimeRange(1_700_000_002_000_000 as Microseconds, undefined)],
  ] as const;
  for (const [what, stage] of changes)
    test(`${what} of one does not change what the others see`, async () => {
      const [a, b] = [kept([]), kept([])];
      await runInto(
        new HandWrittenSource([], [batchOf(numbered(10))]),
        a.branch('a', { stages: [stage()] }),
        b.branch('b'),
      );
      assert.deepEqual(b.packets, numbered(10));
      assert.notDeepEqual(a.packets, numbered(10));
    });
});

describe('an end that drops what would hold up the others', () => {
  test('takes what waits for it within its bound, counts what it drops, and never waits', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = kept([], { onWrite: () => gate });
    const fast = kept([]);
    const dropBeyondBytes = 2 * (BATCHES[0]?.bytes.length ?? 0) + 20;
    const b = slow.branch('b', { whenSlow: { dropBeyondBytes } });
    const run = runInto(new HandWrittenSource([], BATCHES), fast.branch('a'), b);
    await waitFor(() => fast.packets.length === 15, {
      limitMs: 5000,
      what: 'the fast end to have all',
    });
    assert.deepEqual(endsOf(b).ended, { 'end-too-slow': 5 });
    assert.equal(underWay(b.account()).packets, 10);
    release();
    await run;
    assert.deepEqual(slow.packets, numbered(10));
    assert.deepEqual(endsOf(b), { out: 10, bytesOut: 609, ended: { 'end-too-slow': 5 } });
  });

  test('ends alone when it fails; what waited was not taken', async () => {
    const full = new Error('disk full');
    const failing = kept([], { onWrite: () => Promise.reject(full) });
    const fast = kept([]);
    const b = failing.branch('b', { whenSlow: { dropBeyondBytes: 1e6 } });
    await assert.rejects(runInto(new HandWrittenSource([], BATCHES), fast.branch('a'), b), full);
    assert.equal(fast.packets.length, 15);
    assert.deepEqual(endsOf(b), { out: 0, bytesOut: 0, ended: { 'end-failed': 15 } });
    assert.equal(underWay(b.account()).packets, 0);
  });

  test('does not take what went out of one batch for a part of the next', async () => {
    const full = new Error('disk full');
    const failing = new HandWrittenSink([], {
      onWrite: () => Promise.reject(new PartlyWritten(2, full)),
    });
    const b = new Branch({ name: 'b', sink: failing, whenSlow: { dropBeyondBytes: 1e6 } });
    // It has failed before the second batch comes.
    const slow = kept([], { onWrite: () => turns() });
    const run = runInto(new HandWrittenSource([], BATCHES), slow.branch('a'), b);
    await assert.rejects(run, full);
    assert.deepEqual(endsOf(b), { out: 2, bytesOut: 121, ended: { 'end-failed': 13 } });
  });

  test('counts nothing as lost where its reader has left', async () => {
    const leaving = kept([], { onWrite: () => Promise.reject(new ReaderLeft(2)) });
    const b = leaving.branch('b', { whenSlow: { dropBeyondBytes: 1e6 } });
    await runInto(new HandWrittenSource([], BATCHES), kept([]).branch('a'), b);
    assert.deepEqual(endsOf(b), { out: 2, bytesOut: 121, ended: {} });
  });

  test('ends with the run where it takes nothing any more: what waits was too slow', async () => {
    // As a named pipe that nobody reads.
    const stuck = kept([], {
      onWrite: (_batch, giveUp) =>
        new Promise((_, reject) => {
          giveUp.addEventListener('abort', () => {
            reject(new ReaderLeft());
          });
        }),
    });
    const fast = kept([]);
    const whenSlow = { dropBeyondBytes: 1e6, patienceMs: 20 };
    const b = stuck.branch('b', { whenSlow });
    await runInto(new HandWrittenSource([], BATCHES), fast.branch('a'), b);
    assert.equal(fast.packets.length, 15);
    assert.deepEqual(endsOf(b), { out: 0, bytesOut: 0, ended: { 'end-too-slow': 15 } });
  });
});

describe('an end that fails by itself', () => {
  test('ends the run where it is the last one, though no packet comes', async () => {
    const failing = new FailingByItself();
    const run = new PacketRun(
      new HandWrittenSource([], [], { endless: true }),
      [],
      [new Branch({ name: 'a', sink: failing })],
    );
    const running = run.run(new Stop(0));
    const gone = new Error('the folder is gone');
    failing.fail(gone);
    await assert.rejects(running, gone);
  });

  test('ends the run also where it has failed before the run began', async () => {
    const failing = new FailingByItself();
    const source = new HandWrittenSource([], [], { endless: true });
    const run = new PacketRun(source, [], [new Branch({ name: 'a', sink: failing })]);
    const gone = new Error('the folder is gone');
    failing.fail(gone);
    await assert.rejects(run.run(new Stop(0)), gone);
  });

  test('is told at once, and what it does not get counts, where others go on', async () => {
    const failing = new FailingByItself();
    const told: unknown[] = [];
    const [a, b] = [
      kept([]),
      new Branch({ name: 'b', sink: failing, onFailure: (error) => told.push(error) }),
    ];
    const gone = new Error('the folder is gone');
    failing.fail(gone);
    assert.deepEqual(told, [gone]);
    await assert.rejects(runInto(new HandWrittenSource([], BATCHES), a.branch('a'), b), gone);
    assert.equal(a.packets.length, 15);
    assert.deepEqual(endsOf(b), { out: 0, bytesOut: 0, ended: { 'end-failed': 15 } });
  });
});

test('ends that all listen for the stop at once are no leak to Node', async (t) => {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => warnings.push(message);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const sinks = Array.from({ length: 12 }, () => kept([]));
  const [first, ...others] = sinks.map((sink, index) =>
    sink.branch(String(index), { stages: [new Filter(new LinkFilters('greater 1'))] }),
  );
  assert.ok(first);
  await runInto(new HandWrittenSource([], BATCHES), first, ...others);
  // Node warns in the next turn.
  await turns();
  assert.deepEqual(warnings, []);
  assert.ok(sinks.every(({ packets }) => packets.length === 15));
});

/** A sink that keeps copies of the packets that it was given. */
function kept(diary: Diary, options: SinkOptions = {}) {
  const packets: Required<PcapPacket>[] = [];
  const sink = new HandWrittenSink(diary, {
    onWrite: async (batch: PacketBatch, giveUp) => {
      await options.onWrite?.(batch, giveUp);
      for (const packet of packetsIn(batch.bytes))
        packets.push({ ...packet, frame: Buffer.from(packet.frame) });
    },
  });
  return {
    packets,
    branch: (
      name: string,
      more: Omit<ConstructorParameters<typeof Branch>[0], 'name' | 'sink'> = {},
    ) => new Branch({ name, sink, ...more }),
  };
}

class FailingByItself extends HandWrittenSink {
  fail: (error: unknown) => void = () => undefined;

  constructor() {
    super([]);
  }

  onFailure(listener: (error: unknown) => void): void {
    this.fail = listener;
  }
}

async function runInto(
  source: HandWrittenSource,
  ...branches: readonly [Branch, ...(readonly Branch[])]
): Promise<void> {
  await new PacketRun(source, [], branches).run(new Stop(0));
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
