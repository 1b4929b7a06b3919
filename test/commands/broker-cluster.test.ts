import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { pcapSequence } from '../support/pcap-sequence.js';
import { fetchMetadata } from '../support/peer.js';
import {
  type RealKafka,
  type RealKafkaCluster,
  startRealKafkaCluster,
} from '../support/real-kafka.js';
import { useBrokers } from '../support/test-brokers.js';
import { PATIENCE } from '../support/time-limits.js';
import { committedOffsets, freshTopic } from '../support/topic.js';
import { topicSequence } from '../support/topic-sequence.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

// What a slow kcap can't take in time, it drops.
const TRAFFIC = { packetsPerSecond: 40_000 / PATIENCE, frameBytes: 200, seconds: 6 };
const REPLICAS = 3;
const LIMIT_MS = 30_000;

describe('a cluster of three brokers under load, acks=all', { skip: noVeth }, () => {
  let cluster: RealKafkaCluster;
  let away: RealKafka | undefined;
  before(async () => {
    cluster = await startRealKafkaCluster(REPLICAS);
    useBrokers(cluster.brokers);
  });
  after(() => cluster.close());

  for (const [what, end] of [
    ['dies', 'kill'],
    ['is stopped, and another one leads', 'stop'],
  ] as const) {
    test(`the leader ${what}: none lost and none twice, sent and read`, async (t) => {
      await away?.restart();
      await waitFor(allInSync, { limitMs: LIMIT_MS, what: 'all brokers to be in sync' });
      const topic = await freshTopic(t, { replicas: REPLICAS });
      const leader = (await partitionOf(topic)).leader;
      const group = `kcap-test-${randomUUID()}`;
      const veth = await vethPair(t);
      const to = ['-k', cluster.brokers, '-t', topic];
      const consumer = kcap(t, ['--consumer', ...to, '-o', 'stored', '-g', group]);
      // A request is under way at any moment, also at that of the leader's end.
      const busy = ['-X', 'linger.ms=1'];
      const producer = kcap(t, ['--producer', ...to, '-i', veth.inside, ...busy]);
      await Promise.all([consumer.started(), producer.started()]);

      const flooding = flood(veth, TRAFFIC);
      await afterTraffic(veth, 1.5 * TRAFFIC.packetsPerSecond);
      away = cluster.node(leader);
      await away[end]();
      const { packets } = await flooding;
      await waitFor(async () => (await partitionOf(topic)).leader !== leader, {
        limitMs: LIMIT_MS,
        what: 'another leader',
      });
      producer.signal('SIGTERM');
      assert.equal((await producer.exit).status, 0, producer.stderr);
      assert.equal(producer.summary().packets_out, packets);

      const all = { frames: packets, missing: 0, repeated: 0 };
      assert.deepEqual(await topicSequence(topic, TRAFFIC.frameBytes), all);
      const bytes = 24 + packets * (16 + TRAFFIC.frameBytes);
      await waitFor(() => consumer.stdout.length >= bytes, {
        limitMs: LIMIT_MS,
        what: 'the last packet in the output',
      });
      consumer.signal('SIGTERM');
      assert.equal((await consumer.exit).status, 0, consumer.stderr);
      assert.deepEqual(pcapSequence(consumer.stdout), all);
      assert.deepEqual(await committedOffsets(topic, group), [packets]);
    });
  }
});

async function allInSync(): Promise<boolean> {
  const { brokers, topics } = await fetchMetadata();
  const partitions = topics.flatMap((topic) => topic.partitions);
  return brokers.length === REPLICAS && partitions.every(({ isrs }) => isrs.length === REPLICAS);
}

async function partitionOf(topic: string) {
  const { topics } = await fetchMetadata();
  const [partition] = topics.find(({ name }) => name === topic)?.partitions ?? [];
  if (!partition) throw new Error(`There is no topic ${topic}`);
  return partition;
}
