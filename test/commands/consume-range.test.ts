import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';

const T0_S = 1_700_000_000;

/** A packet captured `second` seconds after T0 and sent as it was captured. */
function packet(second: number, partition = 0): TestMessage {
  const key = Buffer.alloc(8);
  const timeUs = BigInt(Math.round((T0_S + second) * 1e6));
  key.writeBigUInt64BE(timeUs);
  const value = Buffer.alloc(60);
  value.writeDoubleBE(second);
  return { key, value, timestamp: Number(timeUs / 1000n), partition };
}

function consuming(t: TestContext, topic: string, ...more: string[]): KcapRun {
  return kcap(t, ['--consumer', '-k', testBrokers(), '-t', topic, ...more]);
}

async function secondsRead(t: TestContext, topic: string, ...more: string[]): Promise<number[]> {
  const run = consuming(t, topic, ...more);
  assert.equal((await run.exit).status, 0, run.stderr);
  return readPcap(run.stdout).packets.map(({ frame }) => frame.readDoubleBE());
}

test('-o takes an offset, the last N, and a time, as kcat does', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(
    topic,
    [0, 1, 2, 3, 4].map((second) => packet(second)),
  );
  assert.deepEqual(await secondsRead(t, topic, '-o', '3', '-e'), [3, 4]);
  assert.deepEqual(await secondsRead(t, topic, '-o', '-2', '-e'), [3, 4]);
  assert.deepEqual(await secondsRead(t, topic, '-o', `s@${(T0_S + 1) * 1000}`, '-e'), [1, 2, 3, 4]);
  assert.deepEqual(await secondsRead(t, topic, '-o', `s@${(T0_S + 9) * 1000}`, '-e'), []);
});

test('--from and --to read the packets between, and end there', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(
    topic,
    [0, 1, 1.5, 2.999999, 3, 4].map((second) => packet(second)),
  );
  const from = String(T0_S + 1);
  const to = new Date((T0_S + 3) * 1000).toISOString();
  assert.deepEqual(await secondsRead(t, topic, '--from', from, '--to', to), [1, 1.5, 2.999999]);
  assert.deepEqual(await secondsRead(t, topic, '--to', from), [0]);
  assert.deepEqual(await secondsRead(t, topic, '--from', to, '-e'), [3, 4]);
});

test('packets that were sent long after their capture are found by their own time', async (t) => {
  const topic = await freshTopic(t);
  const now = Date.now();
  await sendMessages(
    topic,
    [0, 1, 2, 3].map((second) => ({ ...packet(second), timestamp: now })),
  );
  const range = ['--from', String(T0_S + 1), '--to', String(T0_S + 3)];
  assert.deepEqual(await secondsRead(t, topic, ...range), [1, 2]);
});

test('a time that is not reached yet ends the read when it comes', async (t) => {
  const topic = await freshTopic(t);
  const soon = String(Date.now() / 1000 + 1);
  const run = consuming(t, topic, '--from', '-1m', '--to', soon);
  assert.equal((await run.exit).status, 0);
});

test('--order time merges partitions by the packets’ times, also empty and one-sided ones', async (t) => {
  const topic = await freshTopic(t, { partitions: 4 });
  const sent = Array.from({ length: 3000 }, (_, index) =>
    packet(index, index < 1000 ? 0 : index % 3),
  );
  await sendMessages(topic, sent);
  const expected = Array.from({ length: 3000 }, (_, index) => index);
  assert.deepEqual(await secondsRead(t, topic, '-o', 'begin', '-e'), expected, 'by default');
  const live = await secondsRead(t, topic, '-o', 'begin', '-m', '3000', '--order', 'time');
  assert.deepEqual(live, expected, 'also where the read has no end');
  const arrived = await secondsRead(t, topic, '-o', 'begin', '-e', '--order', 'arrival');
  assert.deepEqual(
    [...arrived].sort((a, b) => a - b),
    expected,
  );
});

test('--order time keeps each partition in its own order, whatever its times', async (t) => {
  const topic = await freshTopic(t, { partitions: 2 });
  await sendMessages(topic, [packet(5, 0), packet(1, 0), packet(7, 0), packet(2, 1), packet(6, 1)]);
  assert.deepEqual(await secondsRead(t, topic, '-o', 'begin', '-e'), [2, 5, 1, 6, 7]);
});

test('a group reads in time order, too, and goes on where it was', async (t) => {
  const topic = await freshTopic(t, { partitions: 2 });
  const group = ['-o', 'stored', '-g', topic, '-e'];
  await sendMessages(
    topic,
    [0, 1, 2, 3].map((second) => packet(second, second % 2)),
  );
  assert.deepEqual(await secondsRead(t, topic, ...group), [0, 1, 2, 3]);
  await sendMessages(
    topic,
    [4, 5].map((second) => packet(second, second % 2)),
  );
  assert.deepEqual(await secondsRead(t, topic, ...group), [4, 5]);
});

test('--key-unit reads keys of milliseconds and nanoseconds', async (t) => {
  const topic = await freshTopic(t);
  const ms = Buffer.alloc(8);
  ms.writeBigUInt64BE(1_700_000_000_123n);
  await sendMessages(topic, [{ key: ms, value: Buffer.from('ms') }]);
  const read = async (unit: string) => {
    const run = consuming(t, topic, '-o', 'begin', '-e', '--key-unit', unit);
    assert.equal((await run.exit).status, 0);
    const { header, packets } = readPcap(run.stdout);
    return [header.precision, packets[0]?.seconds, packets[0]?.fraction];
  };
  assert.deepEqual(await read('ms'), ['micro', 1_700_000_000, 123_000]);
  assert.deepEqual(await read('ns'), ['nano', 1700, 123]);
});

test('-F pcapng tells link types, interfaces and hosts apart', async (t) => {
  const topic = await freshTopic(t);
  const headers = (interfaceName: string): [string, string][] => [
    ['pcap-interface', interfaceName],
    ['pcap-host', 'north'],
  ];
  await sendMessages(topic, [
    { ...packet(0), headers: headers('eth0') },
    { ...packet(1), headers: headers('eth1') },
    { ...packet(2), headers: [['pcap-linktype', '113']] },
    packet(3),
  ]);
  const file = path.join(await tempFolder(t), 'out.pcapng');
  const run = consuming(t, topic, '-o', 'begin', '-e', '-F', 'pcapng', '-w', file);
  assert.equal((await run.exit).status, 0, run.stderr);
  const names = ['frame.time_epoch', 'frame.interface_name', 'frame.interface_description'];
  const said = await runCommand(
    'tshark',
    '-r',
    file,
    '-T',
    'fields',
    ...names.flatMap((name) => ['-e', name]),
    '-e',
    'frame.encap_type',
  );
  assert.deepEqual(
    said
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')),
    [
      ['1700000000.000000000', 'eth0', 'north', '1'],
      ['1700000001.000000000', 'eth1', 'north', '1'],
      ['1700000002.000000000', 'unknown', '', '25'],
      ['1700000003.000000000', 'unknown', '', '1'],
    ],
  );
});

test('-F nsecpcap and pcap decide the precision; what is lost unasked is said', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [packet(0), { ...packet(1), headers: [['pcap-nanos', '789']] }]);
  const read = async (...format: string[]) => {
    const run = consuming(t, topic, '-o', 'begin', '-e', ...format);
    assert.equal((await run.exit).status, 0);
    const { header, packets } = readPcap(run.stdout);
    const { rounded_times: rounded } = run.summary() as unknown as { rounded_times: number };
    return [header.precision, packets.map(({ fraction }) => fraction), rounded];
  };
  assert.deepEqual(await read(), ['micro', [0, 0], 1]);
  assert.deepEqual(await read('-F', 'pcap'), ['micro', [0, 0], 0]);
  assert.deepEqual(await read('-F', 'nsecpcap'), ['nano', [0, 789], 0]);
});
