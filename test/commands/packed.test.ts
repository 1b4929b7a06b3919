import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import { pcapFile, readPcap, type PcapPacket } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages, sendMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

function numbered(count: number): PcapPacket[] {
  return Array.from({ length: count }, (_, index) => {
    const frame = Buffer.alloc(60 + (index % 7));
    frame.writeUInt32BE(index);
    return { seconds: 1_700_000_000 + index, fraction: index, frame };
  });
}

function numbersIn(file: Buffer): number[] {
  return readPcap(file).packets.map(({ frame }) => frame.readUInt32BE());
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

async function written(t: TestContext, bytes: Buffer): Promise<string> {
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, bytes);
  return file;
}

/** Sends a file, packed, and returns the topic. */
async function packedTopic(t: TestContext, file: Buffer, ...more: string[]): Promise<string> {
  const topic = await freshTopic(t);
  const from = ['-r', await written(t, file), '--pack', ...more];
  const run = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, ...from]);
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal(run.summary().packets_out, readPcap(file).packets.length);
  return topic;
}

function reading(t: TestContext, topic: string, ...args: string[]) {
  return kcap(t, ['-c', '-k', testBrokers(), '-t', topic, ...args], { limitMs: 60_000 });
}

async function readBack(t: TestContext, topic: string, ...args: string[]): Promise<Buffer> {
  const run = reading(t, topic, '-o', 'begin', '-e', ...args);
  assert.equal((await run.exit).status, 0, run.stderr);
  return run.stdout;
}

test('a packed file comes back as it was, and each message is a capture file', async (t) => {
  const file = pcapFile({ packets: numbered(5000), linkType: 113 });
  // By default a broker that is slow to answer gets longer ones.
  const topic = await packedTopic(t, file, '--pack-size', '64K');
  assert.ok((await readBack(t, topic)).equals(file));
  // 5000 packets of 79 bytes on average, in values of 64 KiB.
  assert.equal(await countMessages(topic), 7);
  const value = await runCommand(
    'sh',
    '-c',
    `kcat -b ${testBrokers()} -t ${topic} -C -c 1 -D '' | tcpdump -q -r - 2>&1 | grep -c '^22'`,
  );
  const [first] = await readMessages(topic);
  assert.equal(Number(value), Number(first?.headers[0]?.[1].toString()));
});

test('packets in packs are filtered, ranged and limited one by one', async (t) => {
  const topic = await packedTopic(t, pcapFile({ packets: numbered(300) }), '--pack-size', '4K');
  const span = ['--from', '1700000100', '--to', '1700000250'];
  const limited = reading(t, topic, ...span, '-f', 'greater 64', '-m', '5');
  assert.equal((await limited.exit).status, 0, limited.stderr);
  const expected = range(100, 250).filter((number) => 60 + (number % 7) >= 64);
  assert.deepEqual(numbersIn(limited.stdout), expected.slice(0, 5));
});

test('a group goes on inside a pack: after a clean end with the next packet', async (t) => {
  const topic = await packedTopic(t, pcapFile({ packets: numbered(100) }));
  assert.equal(await countMessages(topic), 1);
  const group = ['-g', `kcap-test-${randomUUID()}`];
  const read: number[] = [];
  for (const limit of [1, 41, 7]) {
    const run = reading(t, topic, ...group, '-m', String(limit));
    assert.equal((await run.exit).status, 0, run.stderr);
    read.push(...numbersIn(run.stdout));
    assert.equal(read.length, range(0, 100).indexOf(read.at(-1) ?? -1) + 1);
  }
  const rest = reading(t, topic, ...group, '-e');
  assert.equal((await rest.exit).status, 0, rest.stderr);
  assert.deepEqual([...read, ...numbersIn(rest.stdout)], range(0, 100));
  const nothing = reading(t, topic, ...group, '-e');
  assert.equal((await nothing.exit).status, 0, nothing.stderr);
  assert.deepEqual(numbersIn(nothing.stdout), []);
});

test('packed and plain packets of one topic are read as one', async (t) => {
  const packets = numbered(40);
  const topic = await packedTopic(t, pcapFile({ packets: packets.slice(0, 20) }));
  const plain = await written(t, pcapFile({ packets: packets.slice(20) }));
  const run = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-r', plain]);
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.deepEqual(readPcap(await readBack(t, topic)).packets.length, packets.length);
  assert.deepEqual(numbersIn(await readBack(t, topic)), range(0, 40));
});

test('a damaged pack costs its own packets: they are counted, and the status says so', async (t) => {
  const topic = await freshTopic(t);
  const file = pcapFile({ packets: numbered(3) });
  await sendMessages(topic, [
    { key: Buffer.alloc(8), value: file.subarray(0, -1), headers: [['pcap-packed', '3']] },
    { key: Buffer.alloc(8), value: file, headers: [['pcap-packed', '3']] },
  ]);
  const run = reading(t, topic, '-o', 'begin', '-e');
  assert.equal((await run.exit).status, 1);
  assert.deepEqual(numbersIn(run.stdout), [0, 1, 0, 1, 2]);
  const { packets_in, packets_out, packets_skipped } = run.summary();
  assert.deepEqual([packets_in, packets_out, packets_skipped], [6, 5, 1]);
  assert.match(run.stderr, /"skipped_by_cause":\{"unusable":1\}/);
});

test('--values pcap reads a topic of whole captures', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [
    { key: 'one', value: pcapFile({ packets: numbered(2), byteOrder: 'big' }) },
    { value: pcapFile({ packets: numbered(3) }) },
  ]);
  assert.deepEqual(numbersIn(await readBack(t, topic, '--values', 'pcap')), [0, 1, 0, 1, 2]);
});

test(
  'captured frames are packed, and a lone one does not wait long',
  { skip: noVeth },
  async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const run = kcap(t, [
      '-p',
      '-k',
      testBrokers(),
      '-t',
      topic,
      '-i',
      veth.inside,
      '--pack',
      '-m',
      '4',
    ]);
    await run.started();
    const frames = range(0, 4).map((number) => {
      const frame = Buffer.alloc(64, number);
      frame.write('02000000000202000000000188b5', 'hex');
      return frame;
    });
    await sendFrames(veth, frames.slice(0, 1));
    await waitFor(async () => (await countMessages(topic)) === 1, {
      limitMs: 10_000,
      what: 'a pack',
    });
    await sendFrames(veth, frames.slice(1));
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.deepEqual([run.summary().packets_in, run.summary().packets_out], [4, 4]);
    const back = readPcap(await readBack(t, topic)).packets.map(({ frame }) => frame);
    assert.deepEqual(back, frames);
  },
);
