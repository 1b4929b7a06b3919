import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { testBrokers } from '../support/test-brokers.js';
import {
  deleteMessages,
  deleteTopic,
  freshTopic,
  growTopic,
  remakeTopic,
  sendInTransaction,
  sendMessages,
  type TestMessage,
} from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 15_000;
const FRAME_BYTES = 60;

describe('a topic that changes while it is read', { concurrency: true }, () => {
  const readers = [
    ['without a group', () => ['-o', 'begin']],
    ['by a group', () => ['-o', 'stored', '-g', `kcap-test-${randomUUID()}`]],
  ] as const;

  for (const [who, start] of readers) {
    test(`${who}: a partition that is added is read from its beginning`, async (t) => {
      const topic = await freshTopic(t);
      const run = consuming(t, topic, ...start());
      await run.started();
      await sendMessages(topic, packets(0, 10));
      await growTopic(topic, 3);
      await sendMessages(topic, packets(10, 20, 1));
      await sendMessages(topic, packets(20, 30, 2));
      await outputOf(run, 30);
      await sendMessages(topic, packets(30, 40, 1));
      await outputOf(run, 40);
      run.signal('SIGTERM');
      assert.equal((await run.exit).status, 0);
      assert.deepEqual(
        numbers(run).sort((a, b) => a - b),
        range(0, 40),
      );
    });

    test(`${who}: the end of a topic that is deleted is one line, and status 1`, async (t) => {
      const topic = await freshTopic(t);
      await sendMessages(topic, packets(0, 10));
      const run = consuming(t, topic, ...start());
      await outputOf(run, 10);
      await deleteTopic(topic);
      const deletedAt = performance.now();
      assert.equal((await run.exit).status, 1);
      assert.ok(performance.now() - deletedAt < LIMIT_MS);
      assert.match(run.stderr, /kcap: topic \S+: it was deleted while it was read/);
      assert.deepEqual(numbers(run), range(0, 10));
      assert.equal(run.summary().packets_out, 10);
    });

    test(`${who}: a topic that is deleted and created again ends the run with status 1`, async (t) => {
      const topic = await freshTopic(t);
      await sendMessages(topic, packets(0, 10));
      const run = consuming(t, topic, ...start());
      await outputOf(run, 10);
      await remakeTopic(topic);
      const remadeAt = performance.now();
      assert.equal((await run.exit).status, 1);
      assert.ok(performance.now() - remadeAt < LIMIT_MS);
      assert.match(
        run.stderr,
        /kcap: topic \S+: it was deleted (?:and created again )?while it was read/,
      );
    });
  }

  test('messages that retention deletes before a group reads on are said and counted', async (t) => {
    const topic = await freshTopic(t);
    const group = ['-g', `kcap-test-${randomUUID()}`];
    await sendMessages(topic, packets(0, 1000));
    const first = consuming(t, topic, '-o', 'stored', ...group, '-m', '100');
    assert.equal((await first.exit).status, 0);
    await deleteMessages(topic, 600);
    const second = consuming(t, topic, '-o', 'stored', ...group, '-e');
    assert.equal((await second.exit).status, 1, 'packets were lost');
    assert.deepEqual(numbers(second), range(600, 1000));
    assert.equal(deleted(second), 500);
    assert.match(second.stderr, /'500' message\(s\) were deleted before they were read/);
    // All that there was is gone: none of it came, and that is said as well.
    await sendMessages(topic, packets(1000, 1010));
    await deleteMessages(topic, 1010);
    const third = consuming(t, topic, '-o', 'stored', ...group, '-e');
    assert.equal((await third.exit).status, 1);
    assert.deepEqual(numbers(third), []);
    assert.equal(deleted(third), 10);
  });

  test('messages that retention deletes under a reader are said and counted', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, packets(0, 100));
    const run = consuming(t, topic, '-o', 'begin');
    await outputOf(run, 100);
    run.signal('SIGSTOP');
    // What the broker answers to the request that waits there may still be read.
    await sendMessages(topic, packets(100, 200));
    await sendMessages(topic, packets(200, 1000));
    await deleteMessages(topic, 600);
    run.signal('SIGCONT');
    await waitFor(() => run.stdout.length > 0 && numbers(run).at(-1) === 999, {
      limitMs: LIMIT_MS,
      what: 'the last packet',
    });
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    const read = numbers(run);
    const before = read.filter((number) => number < 600);
    assert.deepEqual(before, range(0, before.length));
    assert.deepEqual(read.slice(before.length), range(600, 1000));
    assert.ok(deleted(run) > 0);
    assert.equal(deleted(run), 600 - before.length);
  });

  test('the gaps that transactions leave are no loss', async (t) => {
    const topic = await freshTopic(t);
    for (const from of [0, 10, 20]) await sendInTransaction(topic, packets(from, from + 10));
    const run = consuming(t, topic, '-o', 'stored', '-g', `kcap-test-${randomUUID()}`, '-e');
    assert.equal((await run.exit).status, 0);
    assert.deepEqual(numbers(run), range(0, 30));
    assert.equal(deleted(run), 0);
  });

  test('what retention deleted before a read that begins anywhere is no loss', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, packets(0, 100));
    await deleteMessages(topic, 50);
    for (const start of [
      ['-o', 'begin'],
      ['-o', '10'],
      ['-o', 'stored', '-g', `kcap-test-${randomUUID()}`],
    ]) {
      const run = consuming(t, topic, ...start, '-e');
      assert.equal((await run.exit).status, 0);
      assert.deepEqual(numbers(run), range(50, 100));
    }
  });
});

function consuming(t: TestContext, topic: string, ...more: string[]): KcapRun {
  return kcap(t, ['--consumer', '-k', testBrokers(), '-t', topic, ...more]);
}

function packets(from: number, to: number, partition = 0): TestMessage[] {
  return range(from, to).map((number) => {
    const value = Buffer.alloc(FRAME_BYTES);
    value.writeUInt32BE(number);
    return { key: Buffer.alloc(8), value, partition };
  });
}

async function outputOf(run: KcapRun, packets: number): Promise<void> {
  const bytes = 24 + packets * (16 + FRAME_BYTES);
  await waitFor(() => run.stdout.length >= bytes, {
    limitMs: LIMIT_MS,
    what: `${packets} packets, of which there are ${run.stdout.length} bytes`,
  });
}

function numbers(run: KcapRun): number[] {
  return readPcap(run.stdout).packets.map(({ frame }) => frame.readUInt32BE());
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function deleted(run: KcapRun): number {
  return (run.summary() as unknown as { deleted_unread: number }).deleted_unread;
}
