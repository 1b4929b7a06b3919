import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { peakMemory } from '../support/process-memory.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { useBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { topicSequence } from '../support/topic-sequence.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const TRAFFIC = { packetsPerSecond: 50_000, frameBytes: 200 };
const LIMIT_MS = 30_000;
const MAX_MEMORY = 350e6;

describe('a broker that dies under load', { skip: noVeth }, () => {
  let kafka: RealKafka;
  /** What it last took from its start until it served. */
  let startSeconds = 0;
  before(async () => {
    kafka = await startRealKafka();
    useBrokers(kafka.brokers);
  });
  after(() => kafka.close());

  const producing = (topic: string, link: string, ...more: string[]) => [
    ...['--producer', '-k', kafka.brokers, '-t', topic, '-i', link, ...more],
  ];

  for (const away of [3, 10]) {
    test(`and is away for ${away} s: none lost, none twice, all in order`, async (t) => {
      const topic = await freshTopic(t);
      const veth = await vethPair(t);
      const run = kcap(t, producing(topic, veth.inside, '-pp', '1000'));
      await run.started();
      const flooding = flood(veth, { ...TRAFFIC, seconds: 1 + away + 3 });
      await afterTraffic(veth, TRAFFIC.packetsPerSecond);
      await kafka.kill();
      const startsAt = 1 + Math.max(0, away - startSeconds);
      await afterTraffic(veth, startsAt * TRAFFIC.packetsPerSecond);

      const startedAt = performance.now();
      const before = reports(run);
      const delivery = waitFor(() => reports(run) > before && performance.now(), {
        limitMs: LIMIT_MS,
        what: 'a delivery after the outage',
      });
      const listensAt = await kafka.restart();
      startSeconds = (listensAt - startedAt) / 1000;
      const waitedMs = (await delivery) - listensAt;
      assert.ok(waitedMs <= 1000, `the first delivery came ${waitedMs} ms after the broker`);

      const { packets } = await flooding;
      await waitFor(() => run.stdout.includes(`Packet delivered[${packets}]`), {
        limitMs: LIMIT_MS,
        what: 'the last delivery',
      });
      const memory = await peakMemory(run.pid);
      t.diagnostic(`first delivery after ${waitedMs.toFixed(0)} ms, ${memory / 1e6} MB`);
      assert.ok(memory <= MAX_MEMORY, `${memory / 1e6} MB`);
      run.signal('SIGTERM');
      assert.equal((await run.exit).status, 0);
      assert.equal(run.summary().packets_out, packets);
      assert.deepEqual(await topicSequence(topic, TRAFFIC.frameBytes), {
        frames: packets,
        missing: 0,
        repeated: 0,
      });
    });
  }

  test('and does not come back: a stop ends in time, and each packet is in one counter', async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const small = ['-B', '1', '-X', 'queue.buffering.max.messages=10000'];
    const run = kcap(t, producing(topic, veth.inside, ...small, '--drain-timeout', '1.5'));
    await run.started();
    const flooding = flood(veth, { ...TRAFFIC, seconds: 2 });
    await waitFor(async () => (await countMessages(topic)) > 0, {
      limitMs: LIMIT_MS,
      what: 'deliveries',
    });
    await kafka.kill();
    const { packets } = await flooding;
    const asked = performance.now();
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    const tookMs = performance.now() - asked;
    assert.ok(tookMs < 3500, `${tookMs} ms`);
    const { packets_in, packets_out, packets_failed, dropped_kernel } = run.summary();
    assert.ok(packets_out > 0 && packets_failed > 0 && dropped_kernel > 0);
    assert.equal(packets_in, packets_out + packets_failed);
    assert.equal(packets_in + dropped_kernel, packets);
    await kafka.restart();
    // What was sent and not acknowledged may be there all the same.
    assert.ok((await countMessages(topic)) >= packets_out);
  });
});

/** How many deliveries have been shown. */
function reports(run: KcapRun): number {
  return run.stdout.toString().split('Packet delivered[').length - 1;
}
