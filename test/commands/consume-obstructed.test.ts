import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { DISTINCT_FRAMES, numberedFrame, numberOf } from '../support/numbered-frames.js';
import { pcapFile } from '../support/pcap-file.js';
import { peakMemory } from '../support/process-memory.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { committedOffsets, freshTopic } from '../support/topic.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const FRAME_BYTES = 200;
const RECORD_BYTES = 16 + FRAME_BYTES;
const FILE_HEADER_BYTES = 24;

test('a reader that stalls for 20 s under load', { skip: noVeth }, async (t) => {
  const topic = await freshTopic(t);
  const to = ['-k', testBrokers(), '-t', topic];
  const group = ['-o', 'stored', '-g', `kcap-test-${randomUUID()}`];
  const veth = await vethPair(t);
  const producer = kcap(t, ['--producer', ...to, '-i', veth.inside]);
  const stalled = kcap(t, ['--consumer', ...to, ...group], { stdout: 'open' });
  await Promise.all([producer.started(), stalled.started()]);

  const traffic = { packetsPerSecond: 40_000, frameBytes: FRAME_BYTES, seconds: 20 };
  const flooding = flood(veth, traffic);
  await afterTraffic(veth, traffic.packetsPerSecond * 19.9);
  const memory = await peakMemory(stalled.pid);
  t.diagnostic(`${memory / 1e6} MB`);
  assert.ok(memory <= 300e6, `${memory / 1e6} MB`);
  const asked = performance.now();
  stalled.signal('SIGTERM');
  // Its pipe is full all the time.
  await stalled.waitForLog(({ event }) => event === 'summary', 2000);
  const output = buffer(stalled.stdoutStream);
  assert.equal((await stalled.exit).status, 0);
  assert.ok(performance.now() - asked < 2000);

  const { packets } = await flooding;
  producer.signal('SIGTERM');
  assert.equal((await producer.exit).status, 0);
  const next = kcap(t, ['--consumer', ...to, ...group, '-e']);
  assert.equal((await next.exit).status, 0);
  const written = wholePackets(await output);
  const { packets_out } = stalled.summary();
  // What the pipe took of a write that was given up may be in both outputs.
  assert.ok(written.length >= packets_out);
  assert.equal(packets_out + next.summary().packets_out, packets);
  assert.equal(wholePackets(next.stdout)[0], packets_out % DISTINCT_FRAMES);
});

test(
  'a disk that fills up: one line, status 1, and the next run has the rest',
  { skip: noVeth },
  async (t) => {
    const packets = 20_000;
    const topic = await freshTopic(t);
    const to = ['-k', testBrokers(), '-t', topic];
    const stdin = pcapFile({
      packets: Array.from({ length: packets }, (_, number) => ({
        ...{ seconds: 1_700_000_000, fraction: number },
        frame: numberedFrame(number, FRAME_BYTES),
      })),
    });
    assert.equal((await kcap(t, ['--producer', ...to, '-r', '-'], { stdin }).exit).status, 0);

    const folder = await tempFolder(t);
    const kept = path.join(folder, 'kept.pcap');
    const name = `kcap-test-${randomUUID()}`;
    const group = ['-o', 'stored', '-g', name];
    const full = kcap(
      t,
      ['--consumer', ...to, ...group, '-w', path.join(folder, 'disk', 'out.pcap')],
      {
        under: ['unshare', '--mount', 'sh', '-c', ON_A_SMALL_DISK, path.join(folder, 'disk'), kept],
      },
    );
    assert.equal((await full.exit).status, 1);
    assert.deepEqual(
      full.stderr.match(/kcap: write .*: ENOSPC: no space left on device/g)?.length,
      1,
    );
    const onDisk = wholePackets(await readFile(kept));
    assert.ok(onDisk.length > 0 && onDisk.length < packets);
    const [committed = 0] = await committedOffsets(topic, name);
    assert.equal(full.summary().packets_out, committed);
    assert.equal(committed, onDisk.length, 'every whole packet on the disk counts');

    const next = kcap(t, ['--consumer', ...to, ...group, '-e']);
    assert.equal((await next.exit).status, 0);
    const all = [...onDisk, ...wholePackets(next.stdout)];
    assert.deepEqual(
      all,
      Array.from({ length: packets }, (_, number) => number),
    );
  },
);

/** Runs a command with a disk of 1 MiB, and keeps a copy of the file on it. */
const ON_A_SMALL_DISK = `
  kept=$1; shift
  mkdir "$0" && mount -t tmpfs -o size=1m none "$0" || exit
  "$@"; status=$?
  cp "$0/out.pcap" "$kept"
  exit "$status"`;

/** The numbers of the frames in a pcap file; the last one may be cut off. */
function wholePackets(file: Buffer): number[] {
  const packets = Math.floor((file.length - FILE_HEADER_BYTES) / RECORD_BYTES);
  return Array.from({ length: Math.max(0, packets) }, (_, index) =>
    numberOf(file.subarray(FILE_HEADER_BYTES + index * RECORD_BYTES + 16)),
  );
}
