import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { DISTINCT_FRAMES, numberOf } from '../support/numbered-frames.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { PATIENCE } from '../support/time-limits.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { framesSent, noVeth, type VethPair, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const RESTARTS = 20;
/** On a machine so slow that the traffic is over before that. */
const FEWEST_RESTARTS = 5;
/** Each frame has a number of its own. */
const TRAFFIC = { packetsPerSecond: 3000 / PATIENCE, frameBytes: 60, seconds: 30 * PATIENCE };
const PACKETS = TRAFFIC.packetsPerSecond * TRAFFIC.seconds;
/** Each so manieth run is ended at any moment of its start, the others up to so many frames after they began to write. */
const WHILE_IT_STARTS = 5;
const MAX_FRAMES_A_RUN = 1000;
const FILE_HEADER_BYTES = 24;
const RECORD_BYTES = 16 + TRAFFIC.frameBytes;
const LIMIT_MS = 60_000;

test(
  'consumers that come and go while packets come in',
  { skip: noVeth, concurrency: true },
  async (t) => {
    assert.ok(PACKETS <= DISTINCT_FRAMES);
    const topic = await freshTopic(t, { partitions: 3 });
    const veth = await vethPair(t);
    const producer = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-i', veth.inside], {
      limitMs: 4 * LIMIT_MS,
    });
    await producer.started();
    const flooding = flood(veth, TRAFFIC);

    await Promise.all([
      flooding,
      t.test(`${RESTARTS} stops: each packet exactly once over all outputs`, async (t) => {
        const group = [
          ...groupOf(topic),
          // Who is stopped while it joins may not be able to leave: the next one waits for its session.
          ...['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=500'],
        ];
        const outputs = await restarted(t, veth, 'SIGTERM', group);
        for (const output of outputs) assert.equal(cutOff(output), 0, 'whole packets');
        await flooding;
        outputs.push(await rest(t, group));
        const seen = timesSeen(outputs);
        assert.deepEqual(summaryOf(seen), { missing: 0, repeated: 0 });
      }),
      t.test(`${RESTARTS} kills: no packet is missing`, async (t) => {
        const group = [
          ...groupOf(topic),
          // The next one takes its place at once: the group need not find out first that it has died.
          ...['-X', 'group.instance.id=reader'],
          // What has been written is committed soon, and nothing else may be.
          ...['-X', 'auto.commit.interval.ms=20'],
        ];
        const outputs = await restarted(t, veth, 'SIGKILL', group);
        await flooding;
        outputs.push(await rest(t, group));
        assert.equal(summaryOf(timesSeen(outputs)).missing, 0);
      }),
      t.test('the first of two leaves: nothing is lost or repeated', async (t) => {
        const group = groupOf(topic);
        const first = kcap(t, group, { limitMs: LIMIT_MS });
        await output(first, 1000);
        const second = kcap(t, group, { limitMs: LIMIT_MS });
        await output(second, 1000);
        first.signal('SIGTERM');
        assert.equal((await first.exit).status, 0);
        await flooding;
        await waitFor(() => packetsIn(first.stdout) + packetsIn(second.stdout) >= PACKETS, {
          limitMs: LIMIT_MS,
          what: 'all packets',
        });
        second.signal('SIGTERM');
        assert.equal((await second.exit).status, 0);
        const seen = timesSeen([first.stdout, second.stdout]);
        assert.deepEqual(summaryOf(seen), { missing: 0, repeated: 0 });
      }),
    ]);
    producer.signal('SIGTERM');
    await producer.exit;
    assert.equal(await countMessages(topic), PACKETS);
  },
);

/** The options of a consumer in a group of its own. */
function groupOf(topic: string): string[] {
  const group = `kcap-test-${randomUUID()}`;
  return ['--consumer', '-k', testBrokers(), '-t', topic, '-o', 'stored', '-g', group];
}

/**
 * Starts a consumer and ends it at a random moment, again and again while there is traffic; what each has written, to a
 * file or a pipe.
 */
async function restarted(
  t: TestContext,
  veth: VethPair,
  signal: 'SIGTERM' | 'SIGKILL',
  group: readonly string[],
): Promise<Buffer[]> {
  const folder = await tempFolder(t);
  const outputs: Buffer[] = [];
  for (let run = 0; run < RESTARTS; run++) {
    const file = path.join(folder, `${run}.pcap`);
    const toFile = run % 2 === 0;
    const consumer = kcap(t, [...group, ...(toFile ? ['-w', file] : [])], { limitMs: LIMIT_MS });
    // One that is ended while it starts makes no file.
    const written = async () =>
      toFile ? await readFile(file).catch(() => Buffer.alloc(0)) : consumer.stdout;
    // Those before it may have read all that has been sent.
    const isOver = async () => (await framesSent(veth)) >= PACKETS;
    if (run % WHILE_IT_STARTS > 0)
      await waitFor(async () => packetsIn(await written()) > 0 || (await isOver()), {
        limitMs: LIMIT_MS,
        what: `packets in output ${run}`,
      });
    const sent = await framesSent(veth);
    await afterTraffic(veth, Math.min(sent + randomInt(MAX_FRAMES_A_RUN), PACKETS));
    consumer.signal(signal);
    await consumer.exit;
    outputs.push(await written());
    if (sent >= PACKETS) break;
  }
  assert.ok(outputs.length >= FEWEST_RESTARTS, `${outputs.length} restarts`);
  return outputs;
}

/** What a last consumer of the group reads until the end. */
async function rest(t: TestContext, group: readonly string[]): Promise<Buffer> {
  const last = kcap(t, [...group, '-e'], { limitMs: LIMIT_MS });
  assert.equal((await last.exit).status, 0);
  return last.stdout;
}

async function output(run: KcapRun, packets: number): Promise<void> {
  await waitFor(() => packetsIn(run.stdout) >= packets, {
    limitMs: LIMIT_MS,
    what: `${packets} packets`,
  });
}

/** Whole packets in a pcap file. */
function packetsIn(output: Buffer): number {
  return Math.max(0, Math.floor((output.length - FILE_HEADER_BYTES) / RECORD_BYTES));
}

/** Bytes of a packet that is not whole. */
function cutOff(output: Buffer): number {
  return output.length === 0 ? 0 : (output.length - FILE_HEADER_BYTES) % RECORD_BYTES;
}

function timesSeen(outputs: readonly Buffer[]): Uint8Array {
  const seen = new Uint8Array(PACKETS);
  for (const output of outputs) {
    for (let index = 0; index < packetsIn(output); index++) {
      const number = numberOf(output.subarray(FILE_HEADER_BYTES + index * RECORD_BYTES + 16));
      seen[number] = (seen[number] ?? 0) + 1;
    }
  }
  return seen;
}

function summaryOf(seen: Uint8Array): { readonly missing: number; readonly repeated: number } {
  return {
    missing: seen.filter((times) => times === 0).length,
    repeated: seen.filter((times) => times > 1).length,
  };
}
