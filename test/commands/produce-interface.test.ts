import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { readPcap } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages } from '../support/topic.js';
import { flood, sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const skip = noVeth;

/** A frame of the EtherType for local experiments, filled so that each differs. */
function frame(index: number, bytes: number): Buffer {
  const filled = Buffer.alloc(bytes, index);
  filled.write('02000000000202000000000188b5', 'hex');
  return filled;
}

function producing(topic: string, link: string, ...more: string[]): string[] {
  return ['--producer', '-k', testBrokers(), '-t', topic, '-i', link, ...more];
}

test('a captured frame becomes the message that pycapa would send', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '3'));
  await run.started();
  const frames = [frame(1, 60), frame(2, 1514), frame(3, 14)];
  const before = Date.now();
  await sendFrames(veth, frames);
  assert.equal((await run.exit).status, 0);

  const messages = await readMessages(topic);
  assert.deepEqual(
    messages.map(({ value }) => value),
    frames,
  );
  let last = 0;
  for (const { key, timestamp, headers } of messages) {
    assert.equal(key?.length, 8);
    const timeUs = Number(key.readBigUInt64BE());
    assert.ok(timeUs >= before * 1000 && timeUs <= Date.now() * 1000, 'the time of the capture');
    assert.ok(timeUs >= last, 'in the order of capture');
    assert.equal(timestamp, Math.floor(timeUs / 1000));
    assert.deepEqual(headers, []);
    last = timeUs;
  }
  assert.deepEqual(
    { in: run.summary().packets_in, out: run.summary().packets_out },
    { in: 3, out: 3 },
  );
  assert.equal(run.summary().bytes_out, 60 + 1514 + 14);
});

test('-s cuts frames and says how long they were', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '2', '-s', '64'));
  await run.started();
  await sendFrames(veth, [frame(1, 200), frame(2, 60)]);
  await run.exit;
  const [cut, whole] = await readMessages(topic);
  assert.deepEqual(cut?.value, frame(1, 200).subarray(0, 64));
  assert.deepEqual(cut.headers, [['pcap-origlen', Buffer.from('200')]]);
  assert.deepEqual(whole?.value, frame(2, 60));
  assert.deepEqual(whole.headers, []);
});

test('-f filters in the kernel and counts nothing', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '2', '-f', 'greater 100'));
  await run.started();
  await sendFrames(veth, [frame(1, 60), frame(2, 100), frame(3, 99), frame(4, 300)]);
  await run.exit;
  const messages = await readMessages(topic);
  assert.deepEqual(
    messages.map(({ value }) => value?.length),
    [100, 300],
  );
  assert.equal(run.summary().packets_in, 2);
  assert.equal(run.summary().packets_filtered, 0);
});

test('-m ends exactly there, also under a flood', { skip }, async (t) => {
  const topic = await freshTopic(t, { partitions: 4 });
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '12345'));
  await run.started();
  await flood(veth, { packetsPerSecond: 50_000, frameBytes: 100, seconds: 0.5 });
  assert.equal((await run.exit).status, 0);
  assert.equal(run.summary().packets_in, 12345);
  assert.equal(run.summary().packets_out, 12345);
  assert.equal(await countMessages(topic), 12345);
});

test('-i takes an IP address of the interface', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const run = kcap(t, producing(topic, '127.0.0.1', '-f', 'icmp', '-m', '2'));
  const started = await run.started();
  assert.match(String(started['msg']), /capturing on lo,/);
  await runCommand('ping', '-q', '-c', '1', '127.0.0.1');
  assert.equal((await run.exit).status, 0);
});

test('-pp N prints pycapa’s lines about every Nth packet', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '5', '-pp', '2'), { env: { TZ: 'UTC' } });
  await run.started();
  await sendFrames(
    veth,
    [1, 2, 3, 4, 5].map((index) => frame(index, 60 + index)),
  );
  await run.exit;
  const messages = await readMessages(topic);
  const delivered = (number: number) => {
    const message = messages[number - 1];
    assert.ok(message?.key && message.value);
    const timeUs = Number(message.key.readBigUInt64BE());
    const date = new Date(timeUs / 1000).toISOString().slice(0, 19).replace('T', ' ');
    const fraction = String(timeUs % 1_000_000).padStart(6, '0');
    return `Packet delivered[${number}]: date=${date}.${fraction} topic=${topic} partition=0 offset=${number - 1} len=${message.value.length}`;
  };
  assert.deepEqual(run.stdout.toString().trimEnd().split('\n').sort(), [
    delivered(2),
    delivered(4),
    'Packet received[2]',
    'Packet received[4]',
  ]);
});

test(
  '-X reaches librdkafka: a limit of its own makes packets fail, counted by cause',
  { skip },
  async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, producing(topic, veth.inside, '-m', '3', '-X', 'message.max.bytes=1000'));
    await run.started();
    await sendFrames(veth, [frame(1, 100), frame(2, 1400), frame(3, 100)]);
    assert.equal((await run.exit).status, 1);
    const { packets_in, packets_out, packets_failed } = run.summary();
    assert.deepEqual(
      { packets_in, packets_out, packets_failed },
      { packets_in: 3, packets_out: 2, packets_failed: 1 },
    );
    assert.match(run.stderr, /larger than message\.max\.bytes allows/);
  },
);

test('an interface that goes away ends the capture, with one line', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside));
  await run.started();
  await sendFrames(veth, [frame(1, 60)]);
  await runCommand('ip', 'link', 'delete', veth.inside);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /kcap: capture on .*: The interface disappeared/);
  assert.equal(run.summary().packets_out, 1);
});

test('without permission the remedy is named', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const run = kcap(t, producing(topic, 'lo'), {
    under: [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ],
  });
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /kcap: capture on lo: no permission to capture/);
  assert.match(run.stderr, /setcap cap_net_raw/);
});

test('what is sent comes back through tshark, N packets for -c N', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '50'));
  await run.started();
  await sendFrames(
    veth,
    Array.from({ length: 50 }, (_, index) => frame(index, 100)),
  );
  await run.exit;
  const consumer = `${process.execPath} bin/kcap.js -c -k ${testBrokers()} -t ${topic} -o begin 2>/dev/null`;
  const shown = await runCommand(
    'bash',
    '-c',
    `set -o pipefail; ${consumer} | tshark -i - -c 20 -T fields -e frame.len 2>/dev/null`,
  );
  assert.equal(shown, '100\n'.repeat(20));
});

test('the times of a round trip are those of the capture', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, producing(topic, veth.inside, '-m', '2'));
  await run.started();
  await sendFrames(veth, [frame(1, 60), frame(2, 70)]);
  await run.exit;
  const back = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e']);
  assert.equal((await back.exit).status, 0);
  const messages = await readMessages(topic);
  const { packets } = readPcap(back.stdout);
  assert.deepEqual(
    packets.map(({ seconds, fraction }) => BigInt(seconds) * 1_000_000n + BigInt(fraction)),
    messages.map(({ key }) => key?.readBigUInt64BE()),
  );
});
