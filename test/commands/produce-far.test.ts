import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { delayingProxy } from '../support/delaying-proxy.js';
import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { useBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';
import { threadSeconds } from '../support/thread-time.js';
import { topicSequence } from '../support/topic-sequence.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const ROUND_TRIP_MS = 50;
/** The thread that librdkafka has for a broker. */
const SENDER = 'rdk:broker';

describe(`brokers ${ROUND_TRIP_MS} ms away`, { skip: noVeth }, () => {
  let kafka: RealKafka;
  let ports: readonly [near: number, far: number];
  before(async () => {
    ports = [await freePort(), await freePort()];
    const [near, far] = ports;
    kafka = await startRealKafka({
      listeners: [`FAR://127.0.0.1:${near}`],
      advertised: { FAR: `127.0.0.1:${far}` },
      properties: {
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT',
      },
    });
    useBrokers(kafka.brokers);
  });
  after(() => kafka.close());

  test('a live capture loses nothing, and sends nothing twice', async (t) => {
    const [near, far] = ports;
    await delayingProxy(t, { to: near, delayMs: ROUND_TRIP_MS / 2, listenOn: far });
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-i', veth.inside]);
    await run.started();
    const traffic = { packetsPerSecond: 20_000, frameBytes: 200, seconds: 2 };
    const { packets } = await flood(veth, traffic);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    const { packets_in, packets_out, dropped_kernel } = run.summary();
    assert.deepEqual(
      { packets_in, packets_out, dropped_kernel },
      { packets_in: packets, packets_out: packets, dropped_kernel: 0 },
    );
    const all = { frames: packets, missing: 0, repeated: 0 };
    assert.deepEqual(await topicSequence(topic, traffic.frameBytes), all);
  });

  // While a request is under way and flushed messages wait behind it, librdkafka's broker thread polls without a pause.
  test('the thread that sends does not spin while a request is on its way', async (t) => {
    const [near, far] = ports;
    await delayingProxy(t, { to: near, delayMs: ROUND_TRIP_MS / 2, listenOn: far });
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-i', veth.inside]);
    await run.started();
    const before = await threadSeconds(run.pid, SENDER);
    const traffic = { packetsPerSecond: 50_000, frameBytes: 200, seconds: 3 };
    await flood(veth, traffic);
    const share = ((await threadSeconds(run.pid, SENDER)) - before) / traffic.seconds;
    // 3 % were seen, and 10 % where every interval pushes.
    assert.ok(share < 0.065, `${share} of a processor`);
  });
});
