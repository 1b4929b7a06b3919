import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const skip = noVeth;

function producing(topic: string, ...links: string[]): string[] {
  return ['--producer', '-k', testBrokers(), '-t', topic, ...links.flatMap((link) => ['-i', link])];
}

test('200,000 packets/s of 200 bytes for 5 s: none dropped, none missing', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside));
  await run.started();
  const sent = await flood(veth, { packetsPerSecond: 200_000, frameBytes: 200, seconds: 5 });
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  const { packets_in, packets_out, dropped_kernel } = run.summary();
  assert.deepEqual(
    { packets_in, packets_out, dropped_kernel },
    { packets_in: sent.packets, packets_out: sent.packets, dropped_kernel: 0 },
  );
  assert.equal(await countMessages(topic), sent.packets);
});

test('floods on two interfaces at once: none dropped, none missing', { skip }, async (t) => {
  const topic = await freshTopic(t, { partitions: 2 });
  const [one, two] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, one.inside, two.inside));
  await run.started();
  const sent = await Promise.all(
    [one, two].map((veth) =>
      flood(veth, { packetsPerSecond: 40_000, frameBytes: 200, seconds: 2 }),
    ),
  );
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  const { packets_in, packets_out, dropped_kernel } = run.summary();
  const packets = sent.reduce((sum, flooded) => sum + flooded.packets, 0);
  assert.deepEqual(
    { packets_in, packets_out, dropped_kernel },
    {
      packets_in: packets,
      packets_out: packets,
      dropped_kernel: 0,
    },
  );
  assert.equal(await countMessages(topic), packets);
});
