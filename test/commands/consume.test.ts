import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { AT_ONCE_MS } from '../support/time-limits.js';
import { committedOffsets, freshTopic, sendMessages, type TestMessage } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const NOW_US = 1_700_000_000_123_456n;

function key(timeUs: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(timeUs);
  return bytes;
}

/** A plain packet with its number in the first bytes. */
function packet(index: number, bytes = 60): TestMessage {
  const value = Buffer.alloc(bytes);
  value.writeUInt32BE(index);
  return { key: key(NOW_US + BigInt(index)), value };
}

function packets(from: number, to: number): TestMessage[] {
  return Array.from({ length: to - from }, (_, index) => packet(from + index));
}

function consuming(t: TestContext, topic: string, ...more: string[]): KcapRun {
  return kcap(t, ['--consumer', '-k', testBrokers(), '-t', topic, ...more]);
}

/** The numbers of the packets in a run's output. */
function numbers(run: KcapRun): number[] {
  return readPcap(run.stdout).packets.map(({ frame }) => frame.readUInt32BE());
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

test('pycapa’s messages become a pcap stream', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [
    packet(0, 60),
    packet(1, 1500),
    { key: key(0n), value: Buffer.alloc(0) },
  ]);
  const run = consuming(t, topic, '-o', 'begin', '-m', '3');
  assert.equal((await run.exit).status, 0);
  const { header, packets } = readPcap(run.stdout);
  assert.deepEqual(header, {
    precision: 'micro',
    byteOrder: 'little',
    linkType: 1,
    snapLength: 262_144,
  });
  assert.deepEqual(
    packets.map(({ seconds, fraction, frame, originalLength }) => [
      seconds,
      fraction,
      frame.length,
      originalLength,
    ]),
    [
      [1_700_000_000, 123_456, 60, 60],
      [1_700_000_000, 123_457, 1500, 1500],
      [0, 0, 0, 0],
    ],
  );
  assert.equal(run.summary().bytes_out, 1560);
});

test('headers restore link type, original length and nanoseconds', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [
    {
      ...packet(0),
      headers: [
        ['pcap-linktype', '113'],
        ['pcap-origlen', '1514'],
        ['pcap-nanos', '789'],
        ['site', 'north'],
      ],
    },
  ]);
  const run = consuming(t, topic, '-o', 'begin', '-m', '1');
  assert.equal((await run.exit).status, 0);
  const { header, packets } = readPcap(run.stdout);
  assert.equal(header.linkType, 113);
  assert.equal(header.precision, 'nano');
  assert.equal(packets[0]?.fraction, 123_456_789);
  assert.equal(packets[0].originalLength, 1514);
});

test('foreign messages are counted, said, and do not end the stream', async (t) => {
  const topic = await freshTopic(t);
  const timestamp = 1_700_000_001_500;
  await sendMessages(topic, [
    { key: null, value: Buffer.from('no key'), timestamp },
    { key: Buffer.from('short'), value: Buffer.from('short key'), timestamp },
    { key: key(NOW_US), value: null },
    { key: key(0x1_0000_0000n * 1_000_000n), value: Buffer.from('past 32 bits') },
    {
      ...packet(7),
      headers: [
        ['pcap-linktype', 'ether'],
        ['pcap-origlen', '-1'],
      ],
    },
    {
      ...packet(8),
      headers: [
        ['pcap-origlen', '90'],
        ['pcap-origlen', '100'],
      ],
    },
  ]);
  const run = consuming(t, topic, '-o', 'begin', '-e');
  assert.equal((await run.exit).status, 1, 'a packet was lost: its time');
  const { packets } = readPcap(run.stdout);
  assert.deepEqual(
    packets.map(({ seconds, fraction, originalLength }) => [seconds, fraction, originalLength]),
    [
      [1_700_000_001, 500_000, 6],
      [1_700_000_001, 500_000, 9],
      [1_700_000_000, 123_463, 60],
      [1_700_000_000, 123_464, 100],
    ],
  );
  const summary = run.summary();
  assert.equal(summary.packets_in, 6);
  assert.equal(summary.packets_out, 4);
  assert.equal(summary.packets_skipped, 2);
  assert.equal(summary.time_from_kafka, 2);
  assert.equal((summary as unknown as { bad_headers: number }).bad_headers, 2);
});

test('a tombstone alone is no loss', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [{ key: key(NOW_US), value: null }, packet(1)]);
  const run = consuming(t, topic, '-o', 'begin', '-e');
  assert.equal((await run.exit).status, 0);
  assert.equal(run.summary().packets_skipped, 1);
  assert.deepEqual(numbers(run), [1]);
});

test('a packet of another link type is skipped and named', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, [
    packet(0),
    { ...packet(1), headers: [['pcap-linktype', '113']] },
    packet(2),
  ]);
  const run = consuming(t, topic, '-o', 'begin', '-e');
  assert.equal((await run.exit).status, 1);
  assert.deepEqual(numbers(run), [0, 2]);
  assert.equal(run.summary().packets_skipped, 1);
  assert.match(run.stderr, /-F pcapng/);
});

test('-e ends at the end that the topic had at the start', async (t) => {
  const topic = await freshTopic(t, { partitions: 3 });
  const spread = (message: TestMessage, index: number) => ({ ...message, partition: index % 2 });
  await sendMessages(topic, packets(0, 1000).map(spread));
  const run = consuming(t, topic, '-o', 'begin', '-e');
  await run.started();
  await sendMessages(topic, packets(1000, 1100).map(spread));
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(
    numbers(run).sort((a, b) => a - b),
    range(0, 1000),
  );
});

test('-e on an empty topic gives an empty pcap file', async (t) => {
  const topic = await freshTopic(t);
  const run = consuming(t, topic, '-o', 'begin', '-e');
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(readPcap(run.stdout).packets, []);
});

test('by default it begins at the end, and gives a packet as soon as it is there', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(0, 5));
  const run = consuming(t, topic);
  await run.started();
  await sendMessages(topic, packets(5, 7));
  await waitFor(() => run.stdout.length === 24 + 2 * (16 + 60), {
    limitMs: 5000,
    what: 'the packets',
  });
  run.signal('SIGINT');
  const asked = performance.now();
  assert.equal((await run.exit).status, 0);
  assert.ok(performance.now() - asked < AT_ONCE_MS);
  assert.deepEqual(numbers(run), [5, 6]);
});

test('-o stored continues exactly after the last run, -m to the packet', async (t) => {
  const topic = await freshTopic(t);
  const group = `kcap-test-${randomUUID()}`;
  await sendMessages(topic, packets(0, 5000));
  const seen: number[] = [];
  for (const limit of ['1', '999', '2000', '1500']) {
    const run = consuming(t, topic, '-o', 'stored', '-g', group, '-m', limit);
    assert.equal((await run.exit).status, 0);
    assert.equal(run.summary().packets_out, Number(limit));
    assert.equal(numbers(run).length, Number(limit));
    seen.push(...numbers(run));
  }
  const rest = consuming(t, topic, '-o', 'stored', '-X', `group.id=${group}`, '-e');
  assert.equal((await rest.exit).status, 0);
  seen.push(...numbers(rest));
  assert.deepEqual(seen, range(0, 5000));
});

test('with a group, what was written is committed wherever the read began; without, nothing is', async (t) => {
  const topic = await freshTopic(t);
  const group = `kcap-test-${randomUUID()}`;
  await sendMessages(topic, packets(0, 10));
  await consuming(t, topic, '-o', 'begin', '-m', '4', '-g', group).exit;
  assert.deepEqual(await committedOffsets(topic, group), [4]);
  await consuming(t, topic, '-o', 'begin', '-m', '7').exit;
  assert.deepEqual(await committedOffsets(topic, group), [4]);
});

test('what -f leaves out counts as read', async (t) => {
  const topic = await freshTopic(t);
  const group = `kcap-test-${randomUUID()}`;
  const sizes = [60, 200, 60, 200, 60];
  await sendMessages(
    topic,
    sizes.map((bytes, index) => packet(index, bytes)),
  );
  const run = consuming(t, topic, '-o', 'stored', '-g', group, '-f', 'greater 100', '-e');
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(numbers(run), [1, 3]);
  assert.equal(run.summary().packets_filtered, 3);
  assert.deepEqual(await committedOffsets(topic, group), [5]);
});

test('two members of a group share the partitions, and hand over without loss', async (t) => {
  const topic = await freshTopic(t, { partitions: 2 });
  const group = `kcap-test-${randomUUID()}`;
  const send = async (from: number, to: number) => {
    await sendMessages(
      topic,
      packets(from, to).map((message, index) => ({ ...message, partition: index % 2 })),
    );
  };
  const first = consuming(t, topic, '-o', 'stored', '-g', group);
  await send(0, 100);
  await waitFor(() => first.stdout.length === 24 + 100 * 76, {
    limitMs: 10_000,
    what: 'the first packets',
  });
  const second = consuming(t, topic, '-o', 'stored', '-g', group);
  await second.started();
  let sent = 100;
  // Until the second one gets a share.
  await waitFor(
    async () => {
      await send(sent, sent + 10);
      sent += 10;
      return second.stdout.length > 24;
    },
    { limitMs: 20_000, what: 'packets of the second member' },
  );
  second.signal('SIGTERM');
  await second.exit;
  const all = () => [...numbers(first), ...numbers(second)];
  await waitFor(() => all().length >= sent, { limitMs: 20_000, what: 'the rest' });
  first.signal('SIGTERM');
  await first.exit;
  assert.deepEqual(
    all().sort((a, b) => a - b),
    range(0, sent),
  );
});

test('a reader that leaves early is a normal end', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(0, 20_000));
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin'], { stdout: 'open' });
  await once(run.stdoutStream, 'data');
  run.stdoutStream.destroy();
  assert.equal((await run.exit).status, 0);
  const { packets_in, packets_out } = run.summary();
  assert.equal(packets_in, packets_out);
});

test('a reader that takes nothing does not keep a signal from ending the run', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(0, 20_000));
  const group = `kcap-test-${randomUUID()}`;
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'stored', '-g', group], {
    stdout: 'open',
  });
  await fillPipe(run);
  const asked = performance.now();
  run.signal('SIGTERM');
  await run.waitForLog(({ event }) => event === 'summary');
  assert.ok(performance.now() - asked < AT_ONCE_MS);
  const [committed] = await committedOffsets(topic, group);
  assert.ok((committed ?? 0) < 20_000, 'what was not written is not committed');
});

test('a signal leaves a reader that is slow the time to take whole packets', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(0, 20_000));
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin'], { stdout: 'open' });
  await fillPipe(run);
  run.signal('SIGTERM');
  await run.waitForLog(/SIGTERM: stopping/);
  const taken: Buffer[] = [];
  for await (const chunk of run.stdoutStream) {
    taken.push(chunk as Buffer);
    // Some 600 KB/s, of a pipe of 64 KiB: what has been read takes seconds.
    await sleep(100);
  }
  assert.equal((await run.exit).status, 0);
  assert.ok(run.summary().packets_out > 5000);
  assert.equal(readPcap(Buffer.concat(taken)).packets.length, run.summary().packets_out);
});

/** A pipe that nobody reads is full once nothing more goes into it. */
async function fillPipe(run: KcapRun): Promise<void> {
  let last = -1;
  await waitFor(
    () => {
      const before = last;
      last = run.stdoutStream.readableLength;
      return last > 0 && last === before;
    },
    { limitMs: 10_000, what: 'the pipe to fill' },
  );
}

test('-w writes a file, and says what is in the way of one', async (t) => {
  const topic = await freshTopic(t);
  const folder = await tempFolder(t);
  await sendMessages(topic, packets(0, 3));
  const file = path.join(folder, 'out.pcap');
  const run = consuming(t, topic, '-o', 'begin', '-e', '-w', file);
  assert.equal((await run.exit).status, 0);
  assert.equal(run.stdout.length, 0);
  assert.equal(readPcap(await readFile(file)).packets.length, 3);

  const wrong = consuming(t, topic, '-o', 'begin', '-e', '-w', folder);
  assert.equal((await wrong.exit).status, 1);
  assert.match(wrong.stderr, /kcap: write .*: EISDIR/);
});

test('a full disk is one line, and nothing past what is on it is committed', async (t) => {
  const topic = await freshTopic(t);
  const group = `kcap-test-${randomUUID()}`;
  await sendMessages(topic, packets(0, 10));
  const run = consuming(t, topic, '-o', 'stored', '-g', group, '-w', '/dev/full');
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /kcap: write \/dev\/full: ENOSPC/);
  assert.deepEqual(await committedOffsets(topic, group), [undefined]);
  assert.equal(run.summary().packets_out, 0);
});

test('-y gives the header at once, and its link type to packets that carry none', async (t) => {
  const topic = await freshTopic(t);
  const run = consuming(t, topic, '-y', 'RAW');
  await waitFor(() => run.stdout.length === 24, { limitMs: 10_000, what: 'the header' });
  await run.started();
  await sendMessages(topic, packets(0, 1));
  await waitFor(() => run.stdout.length === 24 + 76, { limitMs: 5000, what: 'the packet' });
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  assert.equal(readPcap(run.stdout).header.linkType, 101);
});

test('-pp N prints a line about every Nth packet', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(0, 5));
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e', '-pp', '2'], {
    env: { TZ: 'UTC' },
  });
  assert.equal((await run.exit).status, 0);
  assert.equal(
    run.stdout.toString(),
    [
      `Packet[2]: date=2023-11-14 22:13:20.123457 topic=${topic} partition=0 offset=1 len=60\n`,
      `Packet[4]: date=2023-11-14 22:13:20.123459 topic=${topic} partition=0 offset=3 len=60\n`,
    ].join(''),
  );
});

for (const option of ['-F pcap', '--no-print'])
  test(`a terminal never gets binary, not even with ${option}`, async () => {
    const command = `${process.execPath} bin/kcap.js -c -k localhost:1 -t x ${option}; echo status $?`;
    const shown = await runCommand('script', '-qec', command, '/dev/null');
    assert.match(shown, /kcap: standard output: it is a terminal, and packets are binary/);
    assert.match(shown, /\| tshark -i -/);
    assert.match(shown, /status 2/);
  });
