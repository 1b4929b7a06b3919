import assert from 'node:assert/strict';
import { link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile, readPcap, type PcapPacket } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { smallDisk } from '../support/small-disk.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { committedOffsets, freshTopic, sendMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to mount a small disk';
const RING_FILE = /^out_(\d{5})_\d{14}\.pcap$/;

function numbered(count: number, bytes = 60): Required<PcapPacket>[] {
  return Array.from({ length: count }, (_, index) => {
    const frame = Buffer.alloc(bytes);
    frame.writeUInt32BE(index);
    const originalLength = frame.length;
    return { seconds: 1_700_000_000 + index, fraction: index, frame, originalLength };
  });
}

function producing(t: TestContext, topic: string, args: string[], options?: KcapOptions): KcapRun {
  return kcap(t, ['-p', '-k', testBrokers(), '-t', topic, ...args], options);
}

function consuming(t: TestContext, topic: string, ...args: string[]): KcapRun {
  return kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', ...args]);
}

/** A topic with these packets. */
async function filled(t: TestContext, packets: readonly PcapPacket[]): Promise<string> {
  const topic = await freshTopic(t);
  const messages = packets.map(({ seconds, fraction, frame }) => {
    const key = Buffer.alloc(8);
    key.writeBigUInt64BE(BigInt(seconds) * 1_000_000n + BigInt(fraction));
    return { key, value: frame };
  });
  await sendMessages(topic, messages);
  return topic;
}

/** What `kcap -c` gives of a topic. */
async function readBack(t: TestContext, topic: string): Promise<Buffer> {
  const run = consuming(t, topic, '-e');
  assert.equal((await run.exit).status, 0, run.stderr);
  return run.stdout;
}

async function ringFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => RING_FILE.test(name));
  return names.sort().map((name) => path.join(folder, name));
}

async function packetsOf(files: readonly string[]) {
  return Promise.all(files.map(async (file) => readPcap(await readFile(file)).packets));
}

/** How many packets Wireshark's capinfos finds in it; it fails where the file is not whole. */
async function capinfos(file: string): Promise<number> {
  return Number(
    /^Number of packets:\s+(\d+)/m.exec(await runCommand('capinfos', '-Mc', file))?.[1],
  );
}

function eventsOf(run: KcapRun, event: string) {
  return run.records.filter((record) => record.event === event);
}

function branchOf(run: KcapRun, name: string): Record<string, unknown> {
  const { branches = {} } = run.summary() as unknown as {
    branches?: Record<string, Record<string, unknown>>;
  };
  return branches[name] ?? {};
}

describe('-a', () => {
  test('packets and filesize end a reader at the exact packet, and its group there', async (t) => {
    const topic = await filled(t, numbered(20));
    const file = path.join(await tempFolder(t), 'out.pcap');
    const byPackets = consuming(t, topic, '-a', 'packets:7', '-a', 'filesize:5', '-w', file);
    assert.equal((await byPackets.exit).status, 0, byPackets.stderr);
    assert.deepEqual(readPcap(await readFile(file)).packets, numbered(7));
    assert.deepEqual(
      eventsOf(byPackets, 'autostop').map(({ condition }) => condition),
      ['packets:7'],
    );

    // 24 + 13 * 76 is the first that is no less than 1000.
    const bySize = consuming(t, topic, '-g', topic, '-a', 'filesize:1', '-w', file);
    assert.equal((await bySize.exit).status, 0, bySize.stderr);
    assert.deepEqual(readPcap(await readFile(file)).packets, numbered(13));
    assert.equal(bySize.summary().packets_in, 13);
    assert.deepEqual(await committedOffsets(topic, topic), [13]);
  });

  for (const condition of ['duration:0.3', 'idle:0.3'])
    test(`${condition} ends a reader to which nothing comes, and a capture`, async (t) => {
      const topic = await freshTopic(t);
      const run = consuming(t, topic, '-a', condition);
      assert.equal((await run.exit).status, 0, run.stderr);
      assert.equal(eventsOf(run, 'autostop')[0]?.['condition'], condition);
      assert.deepEqual(readPcap(run.stdout).packets, []);
      if (noVeth) return;
      const veth = await vethPair(t);
      const capture = producing(t, topic, ['-i', veth.inside, '-f', 'udp', '-a', condition]);
      assert.equal((await capture.exit).status, 0, capture.stderr);
      assert.equal(eventsOf(capture, 'autostop')[0]?.['condition'], condition);
    });

  test('filesize without a file says why not, as -b does', async (t) => {
    for (const [args, why] of [
      [['-a', 'filesize:5'], '-a filesize: no file is written'],
      [['-b', 'packets:5'], '-b: there is no file to switch'],
    ] as const) {
      const run = kcap(t, ['-c', '-k', 'b:1', '-t', 'x', ...args]);
      assert.equal((await run.exit).status, 2);
      assert.equal(run.stderr.split('\n')[0], `kcap: ${why}`);
      assert.equal(run.stderr.split('\n')[1], 'name one with -w, for example -w out.pcap');
    }
  });
});

describe('-b', () => {
  test('gives files that Wireshark opens, of every format', async (t) => {
    const topic = await filled(t, numbered(10));
    for (const format of ['pcap', 'nsecpcap', 'pcapng']) {
      const folder = await tempFolder(t);
      const out = path.join(folder, 'out.pcap');
      const ring = ['-w', out, '-b', 'packets:4', '-b', 'duration:60', '-F', format];
      const run = consuming(t, topic, '-e', ...ring);
      assert.equal((await run.exit).status, 0, run.stderr);
      const files = await ringFiles(folder);
      assert.deepEqual(await Promise.all(files.map(capinfos)), [4, 4, 2]);
      assert.deepEqual(
        eventsOf(run, 'file-finished').map(({ file, packets }) => [file, packets]),
        files.map((file, index) => [file, [4, 4, 2][index]]),
      );
    }
  });

  test('finishes files in time and keeps the last, each readable while it is written', async (t) => {
    const topic = await filled(t, numbered(3));
    const folder = await tempFolder(t);
    const ring = ['-w', path.join(folder, 'out.pcap'), '-b', 'interval:1', '-b', 'files:2'];
    const run = consuming(t, topic, ...ring);
    await run.waitForLog(({ event }) => event === 'file-finished');
    const [first] = eventsOf(run, 'file-finished');
    assert.equal(await capinfos(String(first?.['file'])), 3);
    const third = await waitFor(
      // The oldest goes before the next one comes.
      async () => (await ringFiles(folder)).find((file) => /out_00003_/.test(file)),
      { limitMs: 5000, what: 'the third file' },
    );
    assert.ok((await ringFiles(folder)).length <= 2);
    assert.ok(!(await ringFiles(folder)).includes(String(first?.['file'])));
    assert.equal(await capinfos(third), 0);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0, run.stderr);
  });

  test('ends the run when the next file can not be made, though no packet comes', async (t) => {
    const topic = await freshTopic(t);
    const folder = path.join(await tempFolder(t), 'ring');
    await mkdir(folder);
    const run = consuming(t, topic, '-w', path.join(folder, 'out.pcap'), '-b', 'duration:1');
    await run.started();
    await rm(folder, { recursive: true });
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, /write \S*out_0000\d_\d+\.pcap: /);
  });

  test('leaves whole files where it is killed', async (t) => {
    const topic = await filled(t, numbered(10));
    const folder = await tempFolder(t);
    const run = consuming(t, topic, '-w', path.join(folder, 'out.pcap'), '-b', 'packets:4');
    // The last file may have just been made.
    const written = async () => (await packetsOf(await ringFiles(folder)).catch(() => [])).flat();
    await waitFor(async () => (await written()).length === 10, {
      limitMs: 10_000,
      what: 'all packets to be written',
    });
    run.signal('SIGKILL');
    assert.equal((await run.exit).signal, 'SIGKILL');
    assert.deepEqual(await Promise.all((await ringFiles(folder)).map(capinfos)), [4, 4, 2]);
  });

  test(
    'with a full disk, commits what is in the files and nothing else',
    { skip: needsRoot },
    async (t) => {
      const topic = await filled(t, numbered(200, 1000));
      const folder = await smallDisk(t);
      const ring = ['-w', path.join(folder, 'out.pcap'), '-b', 'packets:30'];
      const run = consuming(t, topic, '-g', topic, ...ring);
      assert.equal((await run.exit).status, 1);
      const files = await ringFiles(folder);
      const written = (await packetsOf(files)).flat();
      assert.deepEqual(written, numbered(200, 1000).slice(0, written.length));
      assert.ok(written.length > 30 && written.length < 70, `${written.length} packets`);
      assert.equal(run.summary().packets_out, written.length);
      assert.deepEqual(await committedOffsets(topic, topic), [written.length]);
      assert.match(String(eventsOf(run, 'error')[0]?.['msg']), /^kcap: write .*no space left/);
    },
  );

  test('is for files only', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    await runCommand('mkfifo', path.join(folder, 'fifo'));
    for (const what of [folder, `${folder}/`, path.join(folder, 'fifo'), '/dev/null']) {
      const run = consuming(t, topic, '-e', '-w', what, '-b', 'packets:4');
      assert.equal((await run.exit).status, 2, run.stderr);
      assert.ok(run.stderr.startsWith(`kcap: -b and -w ${what}: it is no file`), run.stderr);
    }
  });
});

describe('-w with a producer', () => {
  test('keeps exactly what is sent, after -f, -s and -m', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const [from, copy] = [path.join(folder, 'in.pcap'), path.join(folder, 'copy.pcap')];
    await writeFile(from, pcapFile({ packets: numbered(5000, 100), precision: 'nano' }));
    const selection = ['-f', 'ether[3] & 1 = 0', '-s', '50', '-m', '2000'];
    const run = producing(t, topic, ['-r', from, ...selection, '-w', copy]);
    assert.equal((await run.exit).status, 0, run.stderr);
    const written = await readFile(copy);
    assert.equal(readPcap(written).packets.length, 2000);
    assert.ok(written.equals(await readBack(t, topic)), 'the copy is what the topic holds');
    assert.deepEqual(
      [topic, copy].map((name) => branchOf(run, name)['packets_out']),
      [2000, 2000],
    );
    assert.equal((await readFile(from)).length, 24 + 5000 * 116);
  });

  test('keeps a ring of a live capture, and of what is spooled', { skip: noVeth }, async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const veth = await vethPair(t);
    const ring = ['-w', path.join(folder, 'out.pcap'), '-b', 'packets:3'];
    const spool = ['--spool', path.join(folder, 'spool'), '--pack'];
    const nano = ['--time-stamp-precision', 'nano'];
    const args = ['-i', veth.inside, ...nano, ...ring, ...spool, '-a', 'packets:8'];
    const run = producing(t, topic, args);
    await run.started();
    const frames = numbered(8).map(({ frame }) => {
      frame.write('02000000000202000000000188b5', 'hex');
      return frame;
    });
    await sendFrames(veth, frames);
    assert.equal((await run.exit).status, 0, run.stderr);
    const copied = await packetsOf(await ringFiles(folder));
    assert.deepEqual(
      copied.map(({ length }) => length),
      [3, 3, 2],
    );
    assert.deepEqual(copied.flat(), readPcap(await readBack(t, topic)).packets);
  });

  test(
    'sends on where the disk is full, and says at once that the copy ends',
    { skip: needsRoot },
    async (t) => {
      const topic = await freshTopic(t);
      const folder = await smallDisk(t);
      const from = path.join(await tempFolder(t), 'in.pcap');
      const packets = numbered(3000, 1000);
      await writeFile(from, pcapFile({ packets }));
      const copy = path.join(folder, 'copy.pcap');
      for (const whenSlow of ['drop', 'wait']) {
        const run = producing(t, topic, ['-r', from, '-w', copy, '--copy-when-slow', whenSlow]);
        assert.equal((await run.exit).status, 1);
        assert.equal(run.summary().packets_out, 3000);
        const { packets_out: out, failed_by_cause: failed } = branchOf(run, copy);
        const written = readPcap(await readFile(copy)).packets;
        assert.deepEqual(written, packets.slice(0, Number(out)));
        assert.deepEqual(failed, { 'end-failed': 3000 - written.length });
        const [said] = eventsOf(run, 'copy-failed');
        assert.match(String(said?.['msg']), /no space left.*the sending goes on$/);
        assert.ok(run.records.indexOf(said ?? {}) < run.records.length - 2, 'before the end');
      }
    },
  );

  test('never waits for a pipe that nobody reads, unless it shall', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const [from, fifo] = [path.join(folder, 'in.pcap'), path.join(folder, 'fifo')];
    await runCommand('mkfifo', fifo);
    const packets = numbered(40_000, 1000);
    await writeFile(from, pcapFile({ packets }));
    const sent = async (run: KcapRun) =>
      waitFor(
        () => eventsOf(run, 'statistics').find((record) => record['packets_out'] === 40_000),
        {
          limitMs: 30_000,
          what: 'all to be sent',
        },
      );
    const args = ['-r', from, '-w', fifo, '--stats-interval', '0.2'];
    const dropping = producing(t, topic, args);
    await sent(dropping);
    dropping.signal('SIGTERM');
    dropping.signal('SIGTERM');
    assert.equal((await dropping.exit).status, 1);
    const { failed_by_cause: failed } = branchOf(dropping, fifo);
    assert.ok(Number((failed as Record<string, number>)['end-too-slow']) > 5000);

    const waiting = producing(t, topic, [...args, '-m', '100', '--copy-when-slow', 'wait']);
    await waiting.started();
    const read = runCommand('cat', fifo);
    assert.equal((await waiting.exit).status, 0, waiting.stderr);
    assert.equal((await read).length > 100_000, true);
    assert.equal(branchOf(waiting, fifo)['packets_out'], 100);
  });

  test('counts what a copy that is waited for did not get', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const [from, fifo] = [path.join(folder, 'in.pcap'), path.join(folder, 'fifo')];
    await runCommand('mkfifo', fifo);
    await writeFile(from, pcapFile({ packets: numbered(100) }));
    const wait = ['-w', fifo, '--copy-when-slow', 'wait', '--drain-timeout', '1'];
    const run = producing(t, topic, ['-r', from, ...wait, '--stats-interval', '0.1']);
    await waitFor(
      () => eventsOf(run, 'statistics').find((record) => record['packets_out'] === 100),
      { limitMs: 30_000, what: 'all to be sent' },
    );
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    assert.equal(run.summary().packets_out, 100);
    assert.deepEqual(branchOf(run, fifo)['failed_by_cause'], { 'end-too-slow': 100 });
  });

  test('is never the file that is read, by whichever name', async (t) => {
    const folder = await tempFolder(t);
    const from = path.join(folder, 'in.pcap');
    const bytes = pcapFile({ packets: numbered(3) });
    await writeFile(from, bytes);
    const [soft, hard] = [path.join(folder, 'soft.pcap'), path.join(folder, 'hard.pcap')];
    await symlink(from, soft);
    await link(from, hard);
    for (const [read, written] of [
      [from, from],
      [soft, from],
      [from, soft],
      [from, hard],
    ] as const) {
      const run = producing(t, 'pcap', ['-r', read, '-w', written]);
      assert.equal((await run.exit).status, 2);
      assert.match(run.stderr, /^kcap: -w \S+: it is the file that -r reads\nname another file\n/);
      assert.deepEqual(await readFile(from), bytes);
    }
  });

  test('a copy whose reader leaves is no loss', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const [from, fifo] = [path.join(folder, 'in.pcap'), path.join(folder, 'fifo')];
    await runCommand('mkfifo', fifo);
    await writeFile(from, pcapFile({ packets: numbered(20_000, 1000) }));
    const read = runCommand('head', '-c', '10', fifo);
    const run = producing(t, topic, ['-r', from, '-w', fifo]);
    await read;
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.equal(run.summary().packets_out, 20_000);
  });

  test('takes pcapng where interfaces have several link types', { skip: noVeth }, async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const veth = await vethPair(t);
    const copy = path.join(folder, 'copy');
    const args = ['-i', veth.inside, '-i', 'any', '-f', 'udp port 1', '-w', copy, '-a', 'idle:0.1'];
    const refused = producing(t, topic, args);
    assert.equal((await refused.exit).status, 2);
    assert.match(
      refused.stderr,
      /several link types \(.*\), and a pcap file holds one\nadd -F pcapng/,
    );
    assert.deepEqual(await readdir(folder), []);
    const run = producing(t, topic, [...args, '-F', 'pcapng']);
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.equal(await capinfos(copy), 0);
  });

  test('follows no link that is in the way of a ring', async (t) => {
    const topic = await freshTopic(t);
    const folder = await tempFolder(t);
    const [from, target] = [path.join(folder, 'in.pcap'), path.join(folder, 'target')];
    await writeFile(from, pcapFile({ packets: numbered(3) }));
    await symlink(target, path.join(folder, 'out.pcap'));
    const ring = ['-w', path.join(folder, 'out.pcap'), '-b', 'packets:2'];
    const run = producing(t, topic, ['-r', from, ...ring]);
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.deepEqual((await packetsOf(await ringFiles(folder))).flat(), numbered(3));
    assert.ok(!(await readdir(folder)).includes('target'));
    await rm(path.join(folder, 'out.pcap'));
  });
});

test('-w - is standard output, which nothing else goes to then', async (t) => {
  const topic = await filled(t, numbered(5));
  const run = consuming(t, topic, '-e', '-w', '-');
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal(readPcap(run.stdout).packets.length, 5);
  for (const [args, why] of [
    [['-w', '-', '--print'], '-w /dev/stdout: standard output is for the lines of --print or -pp'],
    [['-w', '/dev/fd/1', '--print'], '-w /dev/fd/1: standard output is for the lines'],
    [['-w', '/dev/stderr'], '-w /dev/stderr: standard error is for the log'],
  ] as const)
    for (const mode of [['-c'], ['-p', '-i', 'lo']]) {
      const refused = kcap(t, [...mode, '-k', testBrokers(), '-t', topic, ...args]);
      assert.equal((await refused.exit).status, 2);
      assert.ok(refused.stderr.startsWith(`kcap: ${why}`), refused.stderr);
      assert.equal(refused.stdout.length, 0);
    }
});

test('-w writes no packets to a terminal', async (t) => {
  const topic = await filled(t, numbered(5));
  for (const name of ['-', '/dev/tty']) {
    const command = `${repository}bin/kcap -c -k ${testBrokers()} -t ${topic} -o begin -e -w ${name}`;
    const said = await runCommand('script', '-qec', `${command}; echo status $?`, '/dev/null');
    assert.match(said, /it is a terminal, and packets are binary/);
    assert.match(said, /status 1/);
    assert.ok(!said.includes('\xd4\xc3\xb2\xa1'));
  }
});

test('--progress says every ten seconds in the log how far it is, where that is no terminal', async (t) => {
  const topic = await filled(t, numbered(3));
  const run = consuming(t, topic, '--progress');
  const { msg } = await run.waitForLog(({ event }) => event === 'progress', 15_000);
  assert.match(String(msg), /^3 packets, .*, lag 0$/);
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
});

test('-q and --progress contradict each other', async (t) => {
  const run = kcap(t, ['-c', '-k', 'b:1', '-t', 'x', '-q', '--progress']);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /^kcap: -q and --progress: they contradict each other\n/);
});
