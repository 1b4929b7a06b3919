import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { runCommand } from '../support/run-command.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages, type StoredMessage } from '../support/topic.js';
import { flood, sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;

/** A frame of an EtherType for local experiments: the other one, since some tests here capture on all interfaces. */
function frame(fill: number, bytes = 60): Buffer {
  const filled = Buffer.alloc(bytes, fill);
  filled.write('02000000000202000000000188b6', 'hex');
  return filled;
}

function producing(topic: string, links: readonly string[], ...more: string[]): string[] {
  const interfaces = links.flatMap((link) => ['-i', link]);
  return ['--producer', '-k', testBrokers(), '-t', topic, ...interfaces, ...more];
}

function values(messages: readonly StoredMessage[]): string[] {
  return messages.map(({ value }) => value?.toString('hex') ?? '').sort();
}

test('several -i are captured in one run', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const [one, two] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, [one.inside, two.inside], '-m', '4'));
  const started = await run.started();
  assert.match(String(started['msg']), new RegExp(`capturing on ${one.inside}, ${two.inside},`));
  await sendFrames(one, [frame(1), frame(2)]);
  await sendFrames(two, [frame(3), frame(4)]);
  assert.equal((await run.exit).status, 0);
  const messages = await readMessages(topic);
  assert.deepEqual(
    values(messages),
    [1, 2, 3, 4].map((fill) => frame(fill).toString('hex')),
  );
  const { packets_in, packets_out } = run.summary();
  assert.deepEqual([packets_in, packets_out], [4, 4]);
});

test('-m ends several captures exactly there', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const [busy, idle] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, [idle.inside, busy.inside], '-m', '5000'));
  await run.started();
  await flood(busy, { packetsPerSecond: 20_000, frameBytes: 100, seconds: 0.5 });
  assert.equal((await run.exit).status, 0);
  assert.equal(run.summary().packets_out, 5000);
  assert.equal(await countMessages(topic), 5000);
});

test(
  'one of several interfaces goes away: that is said, and the others go on',
  { skip },
  async (t) => {
    const topic = await freshTopic(t);
    const [lost, kept] = [await vethPair(t), await vethPair(t)];
    const run = kcap(t, producing(topic, [lost.inside, kept.inside]));
    await run.started();
    await sendFrames(lost, [frame(1)]);
    await runCommand('ip', 'link', 'delete', lost.inside);
    const message = `capture on ${lost.inside}: The interface disappeared`;
    const warning = await run.waitForLog(({ msg }) => String(msg).startsWith(message));
    assert.equal(warning['msg'], `${message}; continuing with the others`);
    await sendFrames(kept, [frame(2), frame(3)]);
    await waitFor(async () => (await countMessages(topic)) === 3, {
      limitMs: 10_000,
      what: 'the packets of the other interface',
    });
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, new RegExp(`"kcap: ${message}"`));
    assert.equal(run.summary().packets_out, 3);
  },
);

test('the run ends when the last of several interfaces has gone away', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const [one, two] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, [one.inside, two.inside]));
  await run.started();
  await runCommand('ip', 'link', 'delete', one.inside);
  await run.waitForLog(/continuing with the others/);
  await runCommand('ip', 'link', 'delete', two.inside);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, new RegExp(`kcap: capture on ${two.inside}: The interface disappeared`));
});

test('an interface that is given twice is misuse', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const run = kcap(t, producing(topic, ['lo', '127.0.0.1']));
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /kcap: -i lo: given twice/);
});

for (const [linkType, headerBytes, more] of [
  ['113', 16, []],
  ['276', 20, ['-y', 'LINUX_SLL2']],
] as const) {
  test(`-i any captures on all interfaces, as link type ${linkType}`, { skip }, async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, producing(topic, ['any'], '-m', '2', '-f', 'ether proto 0x88b6', ...more));
    await run.started();
    await sendFrames(veth, [frame(1), frame(2)]);
    assert.equal((await run.exit).status, 0);
    const messages = await readMessages(topic);
    assert.deepEqual(
      messages.map(({ value }) => value?.subarray(headerBytes)),
      [frame(1).subarray(14), frame(2).subarray(14)],
    );
    for (const { headers } of messages)
      assert.deepEqual(headers, [['pcap-linktype', Buffer.from(linkType)]]);
  });
}

test('--time-stamp-precision nano: times to the nanosecond', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const args = ['-m', '20', '--time-stamp-precision', 'nano', '--time-stamp-type', 'host'];
  const run = kcap(t, producing(topic, [veth.inside], ...args));
  await run.started();
  const before = Date.now();
  await sendFrames(
    veth,
    Array.from({ length: 20 }, (_, index) => frame(index)),
  );
  assert.equal((await run.exit).status, 0);
  const rests = new Set<number>();
  for (const { key, headers } of await readMessages(topic)) {
    const timeMs = Number(key?.readBigUInt64BE()) / 1000;
    assert.ok(timeMs >= before && timeMs <= Date.now(), 'the key has microseconds');
    const [[name, value] = ['', Buffer.alloc(0)], ...others] = headers;
    assert.equal(name, 'pcap-nanos');
    assert.deepEqual(others, []);
    rests.add(Number(value.toString()));
  }
  assert.ok(rests.size > 1 && [...rests].every((rest) => rest >= 0 && rest <= 999));
});

test(
  'a time stamp type that the interface has not got: those that it has are named',
  { skip },
  async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    for (const type of ['nosuch', 'adapter']) {
      const run = kcap(t, producing(topic, [veth.inside], '--time-stamp-type', type));
      assert.equal((await run.exit).status, 2);
      assert.match(
        run.stderr,
        new RegExp(`kcap: capture on ${veth.inside}: it has no time stamp type ${type}`),
      );
      assert.match(run.stderr, /it has: host/);
    }
  },
);

test('--no-promiscuous leaves the interface as it is', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const promiscuous = async () => {
    const [link] = JSON.parse(await runCommand('ip', '-j', '-d', 'link', 'show', veth.inside)) as {
      promiscuity: number;
    }[];
    return link?.promiscuity;
  };
  const args = producing(topic, [veth.inside], '-m', '1');
  const quiet = kcap(t, [...args, '--no-promiscuous']);
  await quiet.started();
  assert.equal(await promiscuous(), 0);
  const loud = kcap(t, args);
  await loud.started();
  assert.equal(await promiscuous(), 1);
});

test('--partition-by flow: both directions in one partition, as captured', { skip }, async (t) => {
  const topic = await freshTopic(t, { partitions: 8 });
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, [veth.inside], '--partition-by', 'flow', '-m', '128'));
  await run.started();
  const frames = Array.from({ length: 64 }, (_, port) => [
    udpFrame({ host: 1, port: 40_000 + port }, { host: 2, port: 53 }),
    udpFrame({ host: 2, port: 53 }, { host: 1, port: 40_000 + port }),
  ]).flat();
  await sendFrames(veth, frames);
  assert.equal((await run.exit).status, 0);
  const messages = await readMessages(topic);
  assert.equal(messages.length, 128);
  const partitionOfPort = new Map<number, Set<number>>();
  for (const { value, partition } of messages) {
    assert.ok(value);
    const port = Math.max(value.readUInt16BE(34), value.readUInt16BE(36));
    partitionOfPort.set(port, (partitionOfPort.get(port) ?? new Set()).add(partition));
  }
  assert.equal(partitionOfPort.size, 64);
  assert.ok([...partitionOfPort.values()].every((partitions) => partitions.size === 1));
  assert.equal(new Set(messages.map(({ partition }) => partition)).size, 8);
});

interface UdpEnd {
  readonly host: number;
  readonly port: number;
}

/** An Ethernet frame with an IPv4 packet of UDP. */
function udpFrame(from: UdpEnd, to: UdpEnd): Buffer {
  const frame = Buffer.alloc(60);
  frame.write(`02000000000${to.host}02000000000${from.host}0800450000200000000040110000`, 'hex');
  frame.write(`0a00000${from.host}0a00000${to.host}`, 26, 'hex');
  frame.writeUInt16BE(from.port, 34);
  frame.writeUInt16BE(to.port, 36);
  frame.writeUInt16BE(12, 38);
  return frame;
}
