import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { numberedFrame, numberOf } from '../support/numbered-frames.js';
import { pcapFile, readPcap } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { topicSequence } from '../support/topic-sequence.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;

function producing(topic: string, ...links: string[]): string[] {
  return ['--producer', '-k', testBrokers(), '-t', topic, ...links.flatMap((link) => ['-i', link])];
}

test(
  'a stop with much in a large ring ends at the drain timeout, and all is accounted for',
  { skip },
  async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const frameBytes = 200;
    const large = ['-B', '256', '--drain-timeout', '1'];
    // What is sent is little, so the rest waits in the ring.
    const slow = ['-X', 'queue.buffering.max.messages=10'];
    const to = ['-k', testBrokers(), '-t', topic];
    const run = kcap(t, ['-p', ...to, '-i', veth.inside, ...large, ...slow]);
    await run.started();
    const flooding = flood(veth, { packetsPerSecond: 200_000, frameBytes, seconds: 2 });
    const before = 200_000;
    await afterTraffic(veth, before);
    const asked = performance.now();
    run.signal('SIGTERM');
    const { status } = await run.exit;
    const tookMs = performance.now() - asked;
    const { packets } = await flooding;
    assert.equal(status, 1);
    assert.ok(tookMs < 2500, `it took ${tookMs} ms`);
    const { packets_in, packets_out, packets_failed, dropped_kernel } = run.summary();
    assert.ok(packets_in >= before && packets_in < packets, `${packets_in} packets`);
    assert.equal(dropped_kernel, 0);
    assert.equal(packets_out + packets_failed, packets_in);
    assert.match(run.stderr, /left in the kernel's buffer at the drain timeout/);
    // The first ones, each once.
    const sent = { frames: packets_out, missing: 0, repeated: 0 };
    assert.deepEqual(await topicSequence(topic, frameBytes), sent);
  },
);

test(
  'a stop of twenty captures takes no longer than that of one, and each gives all it has',
  { skip },
  async (t) => {
    const namespace = await netNamespace(t);
    // Nothing of the kernel's own is sent.
    await namespace.set('net.ipv6.conf.default.disable_ipv6', '1');
    const links = Array.from({ length: 20 }, (_, index) => `veth${index}`);
    for (const link of links) {
      await namespace.run('ip', 'link', 'add', link, 'type', 'veth', 'peer', `${link}p`);
      for (const end of [link, `${link}p`])
        await namespace.run('ip', 'link', 'set', end, 'arp', 'off', 'multicast', 'off', 'up');
    }
    const broker = kcap(t, ['broker', '--topic', 'pcap'], namespace);
    await waitFor(() => broker.stdout.length > 0, { limitMs: 10_000, what: 'the broker' });
    const to = ['-k', broker.stdout.toString().trim(), '-t', 'pcap'];
    const run = kcap(t, ['-p', ...to, ...links.flatMap((link) => ['-i', link])], namespace);
    await run.started();

    const ofEach = 100;
    const folder = await tempFolder(t);
    const replays = links.map(async (link, index) => {
      const packets = Array.from({ length: ofEach }, (_, number) => ({
        ...{ seconds: 0, fraction: 0 },
        frame: numberedFrame(index * ofEach + number, 60),
      }));
      const file = path.join(folder, link);
      await writeFile(file, pcapFile({ packets }));
      return `tcpreplay --quiet --topspeed --intf1 ${link}p ${file} &`;
    });
    // At the same time, so that there is something in each ring at the stop.
    await namespace.run('sh', '-c', [...(await Promise.all(replays)), 'wait'].join('\n'));
    const asked = performance.now();
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    const tookMs = performance.now() - asked;
    assert.ok(tookMs < 2000, `it took ${tookMs} ms`);
    assert.equal(run.summary().packets_in, links.length * ofEach);

    const back = kcap(t, ['-c', ...to, '-o', 'begin', '-e'], namespace);
    assert.equal((await back.exit).status, 0);
    const numbers = readPcap(back.stdout).packets.map(({ frame }) => numberOf(frame));
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: links.length * ofEach }, (_, number) => number),
    );
  },
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends an idle capture within a second, with status 0`, { skip }, async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, producing(topic, veth.inside));
    await run.started();
    const asked = performance.now();
    run.signal(signal);
    assert.equal((await run.exit).status, 0);
    assert.ok(performance.now() - asked < 1000);
    assert.equal(run.summary().packets_in, 0);
  });
}

test('a signal in a flood: what came before it is delivered, and adds up', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside));
  await run.started();
  const flooding = flood(veth, { packetsPerSecond: 50_000, frameBytes: 200, seconds: 2 });
  await waitFor(async () => (await countMessages(topic)) > 0, {
    limitMs: 10_000,
    what: 'deliveries',
  });
  const asked = performance.now();
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  // The drain is bounded by what the brokers have to take, which is little here.
  assert.ok(performance.now() - asked < 2000);
  await flooding;
  const { packets_in, packets_out, packets_failed } = run.summary();
  assert.ok(packets_in > 0);
  assert.equal(packets_failed, 0);
  assert.equal(packets_out, packets_in);
  assert.equal(await countMessages(topic), packets_in);
});

test('SIGTERM ends several idle captures within a second', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const [one, two] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, one.inside, two.inside));
  await run.started();
  const asked = performance.now();
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  assert.ok(performance.now() - asked < 1000);
});
