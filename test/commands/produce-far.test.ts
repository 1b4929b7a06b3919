import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { delayingProxy } from '../support/delaying-proxy.js';
import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { pcapFile } from '../support/pcap-file.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { tempFolder } from '../support/temp-folder.js';
import { useBrokers } from '../support/test-brokers.js';
import { alterTopic, countMessages, freshTopic } from '../support/topic.js';
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

  test('no limit is named that the topic may no longer have', async (t) => {
    const [near, far] = ports;
    const proxy = await delayingProxy(t, { to: near, delayMs: 0, listenOn: far });
    const topic = await freshTopic(t, { config: { 'max.message.bytes': '1800' } });
    const veth = await vethPair(t);
    const run = kcap(t, ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-i', veth.inside]);
    await run.started();
    await alterTopic(topic, 'max.message.bytes', '900');
    // Longer than a failure waits for the topic's settings.
    proxy.delayMs = 400;
    await flood(veth, { packetsPerSecond: 10, frameBytes: 1000, seconds: 1 });
    const [text] = await run.waitForLog(/packets are not delivered[^"]*/);
    assert.match(text, /: larger than the topic takes \(max\.message\.bytes\); cut packets/);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
  });

  test('a limit is named that nobody said at the start', async (t) => {
    const [near, far] = ports;
    // Longer than a start waits for the topic's settings.
    const proxy = await delayingProxy(t, { to: near, delayMs: 600, listenOn: far });
    const topic = await freshTopic(t, { config: { 'max.message.bytes': '900' } });
    const veth = await vethPair(t);
    const run = kcap(t, ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-i', veth.inside]);
    await run.started();
    proxy.delayMs = 0;
    await flood(veth, { packetsPerSecond: 10, frameBytes: 1000, seconds: 1 });
    await run.waitForLog(/larger than the topic takes \(max\.message\.bytes=900\); cut packets/);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
  });

  test('packs become as long as the topic takes: five of them are under way at once', async (t) => {
    const [near, far] = ports;
    await delayingProxy(t, { to: near, delayMs: ROUND_TRIP_MS / 2, listenOn: far });
    const packets = Array.from({ length: 50_000 }, (_, number) => ({
      seconds: 1,
      fraction: number,
      frame: numberedFrame(number, 200),
    }));
    const file = path.join(await tempFolder(t), 'in.pcap');
    await writeFile(file, pcapFile({ packets }));
    const send = async (topic: string): Promise<number> => {
      const run = kcap(t, ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-r', file, '--pack']);
      assert.equal((await run.exit).status, 0, run.stderr);
      assert.equal(run.summary().packets_out, packets.length);
      return countMessages(topic);
    };
    // 10.8 MB of records: eleven messages of 1 MB where none waits too long for packets.
    assert.ok((await send(await freshTopic(t))) < 40);
    const small = await freshTopic(t, { config: { 'max.message.bytes': '200000' } });
    const least = Math.ceil((packets.length * 216) / 200_000);
    const sent = await send(small);
    assert.ok(sent >= least && sent < 2 * least, String(sent));
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

  test('nor does it while more is captured than gets through, and while the rest is sent', async (t) => {
    const [near, far] = ports;
    await delayingProxy(t, { to: near, delayMs: ROUND_TRIP_MS / 2, listenOn: far });
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const args = ['-p', '-k', `127.0.0.1:${far}`, '-t', topic, '-i', veth.inside];
    const run = kcap(t, [...args, '-X', 'queue.buffering.max.messages=30000', '-s', '2000']);
    await run.started();
    const began = performance.now();
    const before = await threadSeconds(run.pid, SENDER);
    // A megabyte a round trip gets through: half of it.
    await flood(veth, { packetsPerSecond: 40_000, frameBytes: 1000, seconds: 3 });
    run.signal('SIGTERM');
    let last = before;
    const ended = run.exit.then(() => true);
    while (!(await Promise.race([ended, sleep(20, false)])))
      last = await threadSeconds(run.pid, SENDER).catch(() => last);
    const share = ((last - before) * 1000) / (performance.now() - began);
    assert.ok(run.summary().dropped_kernel > 0, 'the queue was never full');
    assert.ok(share < 0.2, `${share} of a processor`);
  });
});
