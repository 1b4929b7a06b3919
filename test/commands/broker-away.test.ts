import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { fetchMetadata, settled } from '../support/peer.js';
import { startRealKafka } from '../support/real-kafka.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';
import kafka from 'node-rdkafka';

const skip = noVeth;
const TOPIC = 'pcap';

test(
  'with the broker gone, a stop waits as long as it was told, and every packet is counted',
  { skip },
  async (t) => {
    const cluster = await startRealKafka();
    t.after(() => cluster.close());
    await makeTopic(cluster.brokers);
    const veth = await vethPair(t);
    const run = kcap(t, [
      ...['-p', '-k', cluster.brokers, '-t', TOPIC, '-i', veth.inside],
      ...['--drain-timeout', '1.5', '-pp', '1000'],
    ]);
    await run.started();
    const before = await flood(veth, { packetsPerSecond: 10_000, frameBytes: 200, seconds: 0.2 });
    await waitFor(() => run.stdout.includes(`Packet delivered[${before.packets}]`), {
      limitMs: 10_000,
      what: 'deliveries',
    });
    await cluster.kill();
    const after = await flood(veth, { packetsPerSecond: 10_000, frameBytes: 200, seconds: 0.3 });
    const asked = performance.now();
    run.signal('SIGTERM');
    const { status } = await run.exit;
    const tookMs = performance.now() - asked;
    assert.equal(status, 1);
    assert.ok(tookMs >= 1500 && tookMs < 3500, `${tookMs} ms`);
    const { packets_in, packets_out, packets_failed } = run.summary();
    assert.deepEqual(
      { packets_in, packets_out, packets_failed },
      {
        packets_in: before.packets + after.packets,
        packets_out: before.packets,
        packets_failed: after.packets,
      },
    );
  },
);

test('a second signal ends at once and says what was left', { skip }, async (t) => {
  const cluster = await startRealKafka();
  t.after(() => cluster.close());
  await makeTopic(cluster.brokers);
  const veth = await vethPair(t);
  const run = kcap(t, ['-p', '-k', cluster.brokers, '-t', TOPIC, '-i', veth.inside, '-q']);
  await run.started();
  await cluster.kill();
  const sent = await flood(veth, { packetsPerSecond: 10_000, frameBytes: 200, seconds: 0.2 });
  run.signal('SIGINT');
  await run.waitForLog(/stopping/);
  const asked = performance.now();
  run.signal('SIGINT');
  const { status } = await run.exit;
  assert.ok(performance.now() - asked < 500);
  assert.equal(status, 1);
  const { packets_in, packets_out, packets_failed } = run.summary();
  assert.equal(packets_out, 0);
  assert.equal(packets_in, packets_failed);
  assert.ok(packets_in <= sent.packets);
});

async function makeTopic(brokers: string): Promise<void> {
  const admin = kafka.AdminClient.create({ 'bootstrap.servers': brokers });
  await settled((done) => {
    admin.createTopic({ topic: TOPIC, num_partitions: 1, replication_factor: 1 }, 10_000, done);
  });
  admin.disconnect();
  await waitFor(
    async () =>
      (await fetchMetadata(brokers)).topics.some(
        ({ name, partitions }) => name === TOPIC && partitions.every(({ leader }) => leader > 0),
      ),
    { limitMs: 10_000, what: 'the topic' },
  );
}
