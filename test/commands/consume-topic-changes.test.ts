import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { testBrokers } from '../support/test-brokers.js';
import {
  deleteTopic,
  freshTopic,
  growTopic,
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
  }
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
