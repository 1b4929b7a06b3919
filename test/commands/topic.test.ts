import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import { pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { TOLD_WITHIN_MS } from '../support/time-limits.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';

const START_US = 1_700_000_000_000_001n;

/** A packet a second, of link types, hosts and interfaces in turn. */
function packet(index: number): TestMessage {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(START_US + BigInt(index) * 1_000_000n);
  const headers: [string, string][] = [
    ['pcap-host', `sensor-${index % 2}`],
    ['pcap-interface', 'eth0'],
  ];
  if (index % 2 === 1) headers.push(['pcap-linktype', '113']);
  return { key, value: Buffer.alloc(60), headers, partition: index % 2 };
}

async function reportOf(t: TestContext, topic: string, ...more: string[]) {
  const run = kcap(t, ['topic', '-k', testBrokers(), '-t', topic, '--json', ...more]);
  const { status, durationMs } = await run.exit;
  assert.equal(status, 0, run.stderr);
  assert.equal(run.stderr, '');
  assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
  return JSON.parse(run.stdout.toString()) as Record<string, unknown>;
}

test('kcap topic --json tells all of a topic', async (t) => {
  const config = {
    'retention.ms': '-1',
    'retention.bytes': '5000000',
    'max.message.bytes': '2000000',
    'message.timestamp.type': 'LogAppendTime',
  };
  const topic = await freshTopic(t, { partitions: 2, config });
  await sendMessages(
    topic,
    Array.from({ length: 301 }, (_, index) => packet(index)),
  );
  const { warnings, partitions, ...facts } = await reportOf(t, topic);
  const [{ leader } = {}] = partitions as { leader?: number }[];
  assert.deepEqual(partitions, [
    { id: 0, leader, low: 0, high: 151 },
    { id: 1, leader, low: 0, high: 150 },
  ]);
  assert.ok(Number.isInteger(leader));
  assert.deepEqual(facts, {
    topic,
    messages: 301,
    bytes: null,
    first_time: '2023-11-14T22:13:20.000001Z',
    last_time: '2023-11-14T22:18:20.000001Z',
    link_types: ['EN10MB', 'LINUX_SLL'],
    packed: false,
    hosts: ['sensor-0', 'sensor-1'],
    interfaces: ['eth0'],
    messages_per_second: 1.00333,
    retention_ms: -1,
    retention_bytes: 5_000_000,
    timestamp_type: 'LogAppendTime',
    max_message_bytes: 2_000_000,
    cleanup_policy: 'delete',
    // 50 at each end of each partition.
    sampled: 200,
  });
  assert.equal((warnings as string[]).length, 1);
  assert.match((warnings as string[])[0] ?? '', /^message\.timestamp\.type=LogAppendTime: /);
});

test('kcap topic knows packed messages, also those of one packet', async (t) => {
  const topic = await freshTopic(t);
  const file = path.join(await tempFolder(t), 'in.pcap');
  for (const count of [1, 1000]) {
    const packets = Array.from({ length: count }, (_, index) => ({
      seconds: 1_700_000_000 + index,
      fraction: 5,
      frame: Buffer.alloc(60),
    }));
    await writeFile(file, pcapFile({ packets }));
    const sending = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-r', file, '--pack']);
    assert.equal((await sending.exit).status, 0, sending.stderr);
    const { packed, messages, sampled, first_time } = await reportOf(t, topic);
    assert.deepEqual(
      { packed, sampled, first_time },
      { packed: true, sampled: messages, first_time: '2023-11-14T22:13:20.000005Z' },
    );
  }
  const run = kcap(t, ['topic', '-k', testBrokers(), '-t', topic]);
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.match(run.stdout.toString(), /^packed +yes: about \d+ packets a message$/m);
  assert.match(run.stdout.toString(), /^size +about [\d.]+ KiB before compression \(estimated/m);
});

test('kcap topic says nothing of an empty topic that is not so', async (t) => {
  const topic = await freshTopic(t, { config: { 'cleanup.policy': 'compact' } });
  const { messages, sampled, packed, hosts, first_time, warnings } = await reportOf(t, topic);
  assert.deepEqual(
    { messages, sampled, packed, hosts, first_time },
    { messages: 0, sampled: 0, packed: null, hosts: null, first_time: null },
  );
  assert.match(String(warnings), /^cleanup\.policy=compact: /);
});

test('kcap topic reads on where messages are gone from its sample', async (t) => {
  const topic = await freshTopic(t);
  const tombstone = { key: 'gone', value: null };
  await sendMessages(
    topic,
    [tombstone, packet(0), tombstone, { key: 'x', value: Buffer.alloc(9) }].map((message) => ({
      ...message,
      partition: 0,
    })),
  );
  const { sampled, warnings } = await reportOf(t, topic);
  assert.equal(sampled, 4);
  assert.match(String(warnings), /^1 of 4 messages have no packet's time for a key/);
});

test('kcap topic warns of a retention that is shorter than --keep', async (t) => {
  const topic = await freshTopic(t, { config: { 'retention.ms': '3600000' } });
  const { warnings } = await reportOf(t, topic, '--keep', '2h');
  assert.deepEqual(warnings, [
    'retention.ms=3600000 is shorter than the 7200 s of --keep: Kafka deletes packets before that',
  ]);
  assert.deepEqual((await reportOf(t, topic, '--keep', '60m'))['warnings'], []);
});

test('kcap topic says what an in-memory broker does not tell', async (t) => {
  const broker = kcap(t, ['broker', '--topic', 'pcap:2'], { stdout: 'open' });
  broker.stdoutStream.setEncoding('utf8');
  const [address = ''] = (
    await new Promise<string>((resolve) => {
      broker.stdoutStream.once('data', resolve);
    })
  ).split('\n');
  const run = kcap(t, ['topic', '-k', address, '-t', 'pcap', '--json']);
  assert.equal((await run.exit).status, 0, run.stderr);
  const { retention_ms, partitions, warnings } = JSON.parse(run.stdout.toString()) as Record<
    string,
    unknown
  >;
  assert.deepEqual([retention_ms, (partitions as unknown[]).length], [null, 2]);
  assert.deepEqual(warnings, ["the topic's settings are not known: no broker said them in time"]);
});

test('kcap topic tells of a missing topic, and of a missing broker, in time', async (t) => {
  const cases: [args: string[], error: RegExp][] = [
    [
      ['-k', testBrokers(), '-t', 'no-such-topic'],
      /^kcap: topic no-such-topic: it does not exist on .*\ncreate it first/,
    ],
    [['-k', 'localhost:1', '-t', 'pcap'], /^kcap: connect to localhost:1: .*refused.*\n./],
  ];
  for (const [args, error] of cases) {
    const run = kcap(t, ['topic', ...args, '--log-format', 'text', '-ll', 'ERROR']);
    const { status, durationMs } = await run.exit;
    assert.equal(status, 1);
    assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
    assert.match(run.stderr, error);
  }
});

test('kcap topic reads secrets from a file, and its brokers from KCAP_CONFIG', async (t) => {
  const topic = await freshTopic(t);
  const file = path.join(await tempFolder(t), 'kafka.properties');
  await writeFile(file, `bootstrap.servers=${testBrokers()}\nclient.id=anna\n`, { mode: 0o600 });
  const run = kcap(t, ['topic', '-t', topic, '--json'], { env: { KCAP_CONFIG: file } });
  assert.equal((await run.exit).status, 0, run.stderr);
  const other = kcap(t, ['topic', '-t', topic, '--json', '-X', `@${file}`]);
  assert.equal((await other.exit).status, 0, other.stderr);
});
