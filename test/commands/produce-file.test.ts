import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

import { pcapngFile } from '../support/captures/pcapng-file.js';
import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile, readPcap, type PcapPacket } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { AT_ONCE_MS } from '../support/time-limits.js';
import { freshTopic, readMessages } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const SECONDS = 1_700_000_000;

function numbered(count: number, bytes = 60): PcapPacket[] {
  return Array.from({ length: count }, (_, index) => {
    const frame = Buffer.alloc(bytes);
    frame.writeUInt32BE(index);
    return { seconds: SECONDS, fraction: index, frame };
  });
}

async function written(t: TestContext, bytes: Buffer): Promise<string> {
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, bytes);
  return file;
}

function sending(t: TestContext, topic: string, args: string[], options?: KcapOptions): KcapRun {
  return kcap(t, ['--producer', '-k', testBrokers(), '-t', topic, ...args], options);
}

/** What `kcap -c` gives of a topic, as a file. */
async function readBack(t: TestContext, topic: string, ...more: string[]): Promise<Buffer> {
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e', ...more]);
  assert.equal((await run.exit).status, 0);
  return run.stdout;
}

for (const byteOrder of ['little', 'big'] as const) {
  for (const precision of ['micro', 'nano'] as const) {
    test(`a ${byteOrder}-endian file of ${precision}seconds comes back as it was`, async (t) => {
      const topic = await freshTopic(t);
      const packets = numbered(10_000);
      const file = await written(t, pcapFile({ packets, byteOrder, precision, linkType: 113 }));
      const run = sending(t, topic, ['-r', file]);
      assert.equal((await run.exit).status, 0);
      assert.equal(run.summary().packets_out, packets.length);
      const back = await readBack(t, topic);
      assert.ok(back.equals(pcapFile({ packets, precision, linkType: 113 })));
    });
  }
}

test('packets of a file carry the time of sending as Kafka’s timestamp, unless told', async (t) => {
  const topic = await freshTopic(t);
  const file = await written(t, pcapFile({ packets: numbered(1) }));
  const before = Date.now();
  await sending(t, topic, ['-r', file]).exit;
  await sending(t, topic, ['-r', file, '--kafka-timestamp', 'packet']).exit;
  const [now, packet] = await readMessages(topic);
  assert.ok(now && now.timestamp >= before && now.timestamp <= Date.now());
  assert.equal(packet?.timestamp, SECONDS * 1000);
});

test('several -r are read in turn, standard input among them', async (t) => {
  const topic = await freshTopic(t);
  const packets = numbered(30);
  const part = (from: number, to: number) => pcapFile({ packets: packets.slice(from, to) });
  const first = await written(t, part(0, 10));
  const last = await written(t, part(20, 30));
  const run = sending(t, topic, ['-r', first, '-r', '-', '-r', last], { stdin: part(10, 20) });
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(
    readPcap(await readBack(t, topic)).packets.map(({ frame }) => frame.readUInt32BE()),
    packets.map((_, index) => index),
  );
});

test('-s cuts the packets of a file, and original lengths come back', async (t) => {
  const topic = await freshTopic(t);
  const file = await written(t, pcapFile({ packets: numbered(3, 1000) }));
  assert.equal((await sending(t, topic, ['-r', file, '-s', '96']).exit).status, 0);
  assert.deepEqual(
    readPcap(await readBack(t, topic)).packets.map(({ frame, originalLength }) => [
      frame.length,
      originalLength,
    ]),
    new Array(3).fill([96, 1000]),
  );
});

test('-f filters a file in the process, and -m counts what passed', async (t) => {
  const topic = await freshTopic(t);
  const packets = [60, 200, 60, 300, 60, 400].map((bytes) => ({
    seconds: SECONDS,
    fraction: 0,
    frame: Buffer.alloc(bytes),
  }));
  const file = await written(t, pcapFile({ packets }));
  const run = sending(t, topic, ['-r', file, '-f', 'greater 100', '-m', '2']);
  assert.equal((await run.exit).status, 0);
  const messages = await readMessages(topic);
  assert.deepEqual(
    messages.map(({ value }) => value?.length),
    [200, 300],
  );
  const { packets_in, packets_out, packets_filtered } = run.summary();
  assert.equal(packets_out, 2);
  assert.equal(packets_in, packets_out + packets_filtered);
});

test('of a cut-off file the whole packets are sent, the rest is said, status 1', async (t) => {
  const topic = await freshTopic(t);
  const whole = pcapFile({ packets: numbered(5) });
  const file = await written(t, whole.subarray(0, whole.length - 7));
  const run = sending(t, topic, ['-r', file]);
  assert.equal((await run.exit).status, 1);
  assert.equal(run.summary().packets_out, 4);
  assert.match(run.stderr, /kcap: read .*: the last packet is cut off/);
});

test('a record that claims gigabytes ends the file, with what came before it', async (t) => {
  const topic = await freshTopic(t);
  const hostile = pcapFile({ packets: numbered(2) });
  hostile.writeUInt32LE(0xffff_fff0, 24 + 76 + 8);
  const run = sending(t, topic, ['-r', await written(t, hostile)]);
  assert.equal((await run.exit).status, 1);
  assert.equal(run.summary().packets_out, 1);
  assert.match(run.stderr, /damaged: a record claims to hold 4294967280 bytes/);
});

for (const form of ['plain', 'compressed']) {
  test(`a pcapng file on standard input comes back as it was, ${form}`, async (t) => {
    const topic = await freshTopic(t);
    const packets = numbered(1000);
    const blocks = packets.map(({ seconds, fraction, frame }, index) => ({
      kind: index % 2 ? ('enhanced' as const) : ('obsolete' as const),
      interfaceId: 0,
      ticks: BigInt(seconds) * 1_000_000n + BigInt(fraction),
      frame,
    }));
    const file = pcapngFile([
      { kind: 'section', byteOrder: 'big' },
      { kind: 'interface', linkType: 113, name: 'any' },
      ...blocks,
    ]);
    const run = sending(t, topic, ['-r', '-'], { stdin: form === 'plain' ? file : gzipSync(file) });
    assert.equal((await run.exit).status, 0);
    assert.equal(run.summary().packets_out, packets.length);
    assert.ok((await readBack(t, topic)).equals(pcapFile({ packets, linkType: 113 })));
  });
}

test('packets that no message can hold are counted by their cause, status 1', async (t) => {
  const topic = await freshTopic(t);
  const [frame, ticks] = [Buffer.alloc(60), BigInt(SECONDS) * 1_000_000n];
  const kind = 'enhanced';
  const file = pcapngFile([
    { kind: 'section', byteOrder: 'little' },
    { kind: 'interface', linkType: 1 },
    { kind, interfaceId: 0, ticks, frame },
    { kind, interfaceId: 7, ticks, frame },
    { kind, interfaceId: 0, ticks: 2n ** 63n, frame },
    { kind, interfaceId: 0, ticks, frame },
  ]);
  const name = await written(t, file);
  const run = sending(t, topic, ['-r', name]);
  assert.equal((await run.exit).status, 1);
  const { packets_in, packets_out, packets_skipped } = run.summary();
  assert.deepEqual([packets_in, packets_out, packets_skipped], [4, 2, 2]);
  const summary = run.records.find(({ event }) => event === 'summary');
  const causes = {
    'time-out-of-range': 'a time that no pcap file can hold',
    'unknown-interface': 'of an interface that the file does not describe',
  };
  assert.deepEqual(summary?.['causes'], causes);
  assert.deepEqual(
    summary['skipped_by_cause'],
    Object.fromEntries(Object.keys(causes).map((id) => [id, 1])),
  );
  for (const cause of Object.values(causes))
    assert.ok(run.stderr.includes(`read ${name}: '1' packet(s) skipped: ${cause}`), run.stderr);
});

test('what is not a capture file is refused by name', async (t) => {
  const topic = await freshTopic(t);
  const cases: readonly [bytes: Buffer, said: RegExp][] = [
    [Buffer.from('just some text that is long enough'), /not a pcap or pcapng file/],
    [Buffer.alloc(0), /ends too early/],
    [
      Buffer.from('0a0d0d0a000000004d3c2b1a0100000000000000ffffffff', 'hex'),
      /damaged: a block claims to have 0 bytes/,
    ],
  ];
  for (const [bytes, said] of cases) {
    const run = sending(t, topic, ['-r', await written(t, bytes)]);
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, said);
  }
});

test('a file that is missing or not to be read is one line, before anything starts', async (t) => {
  const topic = await freshTopic(t);
  const missing = sending(t, topic, ['-r', '/nonexistent/in.pcap']);
  assert.equal((await missing.exit).status, 1);
  assert.match(missing.stderr, /kcap: read \/nonexistent\/in\.pcap: ENOENT: no such file/);
  assert.doesNotMatch(missing.stderr, /started/);
  const folder = sending(t, topic, ['-r', '/']);
  assert.equal((await folder.exit).status, 1);
  assert.match(folder.stderr, /kcap: read \/: it is a directory/);
});

test('a signal ends the wait for standard input', async (t) => {
  const topic = await freshTopic(t);
  const run = sending(t, topic, ['-r', '-'], { stdin: 'open' });
  await run.started();
  run.stdin.write(pcapFile({ packets: numbered(3) }));
  const asked = performance.now();
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  assert.ok(performance.now() - asked < AT_ONCE_MS);
});

test('packets from a pipe are sent as they come', async (t) => {
  const topic = await freshTopic(t);
  const run = sending(t, topic, ['-r', '-', '-pp', '1'], { stdin: 'open' });
  await run.started();
  const file = pcapFile({ packets: numbered(3) });
  const firstTwo = file.length - (16 + 60);
  run.stdin.write(file.subarray(0, firstTwo));
  // The others' input is still to come.
  await waitFor(() => run.stdout.includes('Packet delivered[2]'), {
    limitMs: 10_000,
    what: 'the first packets to be delivered',
  });
  run.stdin.end(file.subarray(firstTwo));
  assert.equal((await run.exit).status, 0);
  assert.equal(run.summary().packets_out, 3);
});

test('-X compression.type is used on the way', async (t) => {
  const topic = await freshTopic(t);
  const file = await written(t, pcapFile({ packets: numbered(1000, 1000) }));
  const run = sending(t, topic, [
    '-r',
    file,
    '-X',
    'compression.type=zstd',
    '-ll',
    'DEBUG',
    '-X',
    'debug=msg',
  ]);
  assert.equal((await run.exit).status, 0);
  // From librdkafka's line about a request that it sends: the line about the properties names zstd as well.
  assert.match(run.stderr, /Produce MessageSet with \d+ message\(s\) \(\d+ bytes, [^()]*, zstd\)/);
  assert.equal(readPcap(await readBack(t, topic)).packets.length, 1000);
});

test('tshark agrees: the same frames, times and lengths before and after', async (t) => {
  const topic = await freshTopic(t);
  const file = await written(t, pcapFile({ packets: numbered(100, 80), precision: 'nano' }));
  await sending(t, topic, ['-r', file]).exit;
  const after = await written(t, await readBack(t, topic));
  const shown = (name: string) =>
    runCommand(
      'tshark',
      '-r',
      name,
      '-T',
      'fields',
      '-e',
      'frame.time_epoch',
      '-e',
      'frame.len',
      '-e',
      'eth.dst',
    );
  assert.equal(await shown(after), await shown(file));
});

test('-H and --identify say more of where packets come from', async (t) => {
  const topic = await freshTopic(t);
  const file = await written(t, pcapFile({ packets: numbered(2) }));
  const run = sending(t, topic, ['-r', file, '-H', 'site=north', '-H', 'rack=a=b', '--identify']);
  assert.equal((await run.exit).status, 0);
  const messages = await readMessages(topic);
  assert.equal(messages.length, 2);
  for (const { headers } of messages)
    assert.deepEqual(
      headers.map(([name, value]) => [name, value.toString()]),
      [
        ['pcap-host', hostname()],
        ['site', 'north'],
        ['rack', 'a=b'],
      ],
    );
});
