import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';

import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { testBrokers } from '../support/test-brokers.js';
import { committedOffsets, freshTopic, sendMessages, type TestMessage } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 40_000;
const FRAME_BYTES = 60;
const RECORD_BYTES = 16 + FRAME_BYTES;
/** A member that is killed is missed soon. */
const SHORT_SESSION = ['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=500'];
/** What has been written is committed soon. */
const PROMPT = ['-X', 'auto.commit.interval.ms=50'];

function packet(number: number, partition: number, bytes = FRAME_BYTES): TestMessage {
  const value = Buffer.alloc(bytes);
  value.writeUInt32BE(number);
  return { key: Buffer.alloc(8), value, partition };
}

async function send(
  topic: string,
  from: number,
  to: number,
  { partitions = 1, bytes = FRAME_BYTES } = {},
): Promise<void> {
  await sendMessages(
    topic,
    range(from, to).map((number) => packet(number, number % partitions, bytes)),
  );
}

/** A member of a group, and what it is to begin with. */
function member(
  t: TestContext,
  topic: string,
  args: readonly string[],
  options: KcapOptions = {},
): KcapRun {
  const all = ['--consumer', '-k', testBrokers(), '-t', topic, ...SHORT_SESSION, ...args];
  return kcap(t, all, { limitMs: 2 * LIMIT_MS, ...options });
}

/** The numbers of the whole packets in a run's output so far. */
function numbers({ stdout }: KcapRun): number[] {
  const packets = Math.max(0, Math.floor((stdout.length - 24) / RECORD_BYTES));
  return range(0, packets).map((index) => stdout.readUInt32BE(24 + index * RECORD_BYTES + 16));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function sorted(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

async function committed(topic: string, group: string, offsets: readonly number[]): Promise<void> {
  await waitFor(async () => String(await committedOffsets(topic, group)) === String(offsets), {
    limitMs: LIMIT_MS,
    what: `${offsets.join(', ')} to be committed`,
  });
}

async function seen(runs: readonly KcapRun[], all: readonly number[]): Promise<void> {
  await waitFor(() => new Set(runs.flatMap(numbers)).size >= all.length, {
    limitMs: LIMIT_MS,
    what: `${all.length} packets`,
  });
  assert.deepEqual(sorted(new Set(runs.flatMap(numbers))), all);
}

async function stopped(run: KcapRun): Promise<void> {
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0, run.stderr);
}

describe('a group', { concurrency: 4 }, () => {
  test('goes on from what it has committed by default, and begins at the beginning', async (t) => {
    const topic = await freshTopic(t);
    const group = ['-g', `kcap-test-${randomUUID()}`];
    await send(topic, 0, 10);
    for (const [from, to, limit] of [
      [0, 4, ['-m', '4']],
      [4, 10, []],
      [10, 10, []],
    ] as const) {
      const run = member(t, topic, [...group, '-e', ...limit]);
      assert.equal((await run.exit).status, 0, run.stderr);
      assert.deepEqual(numbers(run), range(from, to));
    }
  });

  test('begins where -o says when it has no other member, whatever it has committed', async (t) => {
    const topic = await freshTopic(t);
    const name = `kcap-test-${randomUUID()}`;
    await send(topic, 0, 10);
    for (const [start, from] of [
      ['begin', 0],
      ['begin', 0],
      ['7', 7],
      ['-2', 8],
      ['end', 10],
    ] as const) {
      const run = member(t, topic, ['-g', name, '-o', start, '-e']);
      assert.equal((await run.exit).status, 0, run.stderr);
      assert.deepEqual(numbers(run), range(from, 10), `-o ${start}`);
    }
    await committed(topic, name, [10]);
  });

  test('that has committed nothing begins where auto.offset.reset says, also after a rebalance', async (t) => {
    const topic = await freshTopic(t, { partitions: 2 });
    const name = `kcap-test-${randomUUID()}`;
    await send(topic, 0, 10, { partitions: 2 });
    const first = member(t, topic, ['-g', name, '-X', 'auto.offset.reset=latest']);
    await committed(topic, name, [5, 5]);
    first.signal('SIGKILL');
    await first.exit;
    await send(topic, 10, 20, { partitions: 2 });
    const second = member(t, topic, ['-g', name, '-X', 'auto.offset.reset=latest', '-e']);
    assert.equal((await second.exit).status, 0, second.stderr);
    assert.deepEqual(sorted(numbers(second)), range(10, 20));
  });

  test('reads each packet that comes after it began at the end: members join, leave and die', async (t) => {
    const topic = await freshTopic(t, { partitions: 3 });
    const partitions = { partitions: 3 };
    const name = `kcap-test-${randomUUID()}`;
    const group = ['-g', name, ...PROMPT];
    await send(topic, 0, 30, partitions);
    let sent = 30;
    const runs: KcapRun[] = [];
    const more = async () => {
      await send(topic, sent, sent + 30, partitions);
      sent += 30;
    };
    // Each where -o would have it read nothing, or all of it again.
    for (const start of ['end', 'begin', 'end']) {
      const run = member(t, topic, [...group, '-o', start]);
      runs.push(run);
      if (runs.length === 1) await committed(topic, name, [10, 10, 10]);
      await waitFor(
        async () => {
          await more();
          return numbers(run).length > 0;
        },
        { limitMs: LIMIT_MS, what: `packets of member ${runs.length}` },
      );
    }
    await seen(runs, range(30, sent));
    const repeated = runs.flatMap(numbers).length - (sent - 30);
    assert.equal(repeated, 0, 'joining repeats nothing');

    const [first, second, third] = runs as [KcapRun, KcapRun, KcapRun];
    first.signal('SIGKILL');
    await first.exit;
    await more();
    await seen(runs, range(30, sent));
    await stopped(second);
    await more();
    await seen(runs, range(30, sent));
    await stopped(third);
    await committed(topic, name, [sent / 3, sent / 3, sent / 3]);
  });

  test('goes on without a member whose reader takes nothing, and reads what that has not written', async (t) => {
    const bytes = 2000;
    const topic = await freshTopic(t, { partitions: 2 });
    const name = `kcap-test-${randomUUID()}`;
    const all = 8000;
    await send(topic, 0, all, { partitions: 2, bytes });
    const file = (run: KcapRun) =>
      readPcap(run.stdout).packets.map(({ frame }) => frame.readUInt32BE());
    const stalled = member(t, topic, ['-g', name, '-o', 'begin'], { stdout: 'open' });
    await stalled.started();
    // It has as much as it can hold once its pipe is full.
    let last = -1;
    await waitFor(
      () => {
        const before = last;
        last = stalled.stdoutStream.readableLength;
        return last > 0 && last === before;
      },
      { limitMs: LIMIT_MS, what: 'the pipe to fill' },
    );
    // Where -o counted, the other would read nothing.
    const other = member(t, topic, ['-g', name, '-o', 'end']);
    const joinedAt = performance.now();
    await waitFor(() => other.stdout.length > 24, { limitMs: LIMIT_MS, what: 'packets' });
    assert.ok(performance.now() - joinedAt < 25_000, 'within a session');
    stalled.signal('SIGKILL');
    await stalled.exit;
    await waitFor(() => other.stdout.length >= 24 + 0.9 * all * (16 + bytes), {
      limitMs: LIMIT_MS,
      what: 'the rest',
    });
    await waitFor(
      async () => {
        const offsets = await committedOffsets(topic, name);
        return offsets.every((offset) => offset === all / 2);
      },
      { limitMs: LIMIT_MS, what: 'all to be committed' },
    );
    await stopped(other);
    const read = file(other);
    const skipped = all - new Set(read).size;
    // What was acknowledged is what the pipe had taken: it is not read again.
    assert.ok(skipped * bytes < 2 * 1024 * 1024, `${skipped} packets are missing`);
    assert.equal(read.length, new Set(read).size, 'nothing twice');
  });
});
