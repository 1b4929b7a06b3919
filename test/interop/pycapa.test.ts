import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, describe, test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { KcapRun } from '../support/kcap-run.js';
import { type PcapPacket, readPcap } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { testBrokers } from '../support/test-brokers.js';
import { spawnTied } from '../support/tied-process.js';
import { freshTopic, readMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

/**
 * kcap and pycapa can replace each other at either end of a topic. pycapa's part is played by pycapa_peer.py, which
 * makes the same calls of the same libraries; those are Debian's, hence Debian's own Python.
 */

const PYTHON = '/usr/bin/python3';
/** Each process here takes a second or two. */
const LIMIT_MS = 20_000;

const noPeer =
  spawnSync(PYTHON, ['-c', 'import pcapy, confluent_kafka']).status === 0
    ? false
    : `needs ${PYTHON} with pcapy and confluent_kafka (python3-pcapy, python3-confluent-kafka)`;

/** From the shortest frame to the longest on an ordinary Ethernet. Each has its number in its source address. */
const FRAMES = Array.from({ length: 501 }, (_, index) => {
  const frame = Buffer.alloc(14 + 3 * index, `packet ${index}, `);
  frame.write('0200000000020200000000', 'hex');
  frame.writeUInt16BE(index, 10);
  frame.writeUInt16BE(0x88b5, 12);
  return frame;
});

describe('kcap and pycapa', { skip: noVeth || noPeer }, () => {
  test('what pycapa sends, kcap reads as pycapa does', async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const sender = peer(t, 'send', topic, veth.inside);
    await sender.waitForLog(/^capturing$/m);
    const earliest = Date.now();
    await sendFrames(veth, FRAMES);
    assert.equal((await sender.exit).status, 0, sender.stderr);
    await assertReadAlike(t, topic, { earliest, latest: Date.now() });
  });

  test('what kcap sends, pycapa reads as kcap does', async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const count = String(FRAMES.length);
    const from = ['-i', veth.inside, '-m', count];
    const sender = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, ...from], {
      limitMs: LIMIT_MS,
    });
    await sender.started();
    const earliest = Date.now();
    await sendFrames(veth, FRAMES);
    assert.equal((await sender.exit).status, 0, sender.stderr);
    await assertReadAlike(t, topic, { earliest, latest: Date.now() });
  });
});

/** Starts pycapa_peer.py: a process that says what it does on standard error, as kcap is. */
function peer(t: TestContext, command: 'send' | 'read', topic: string, ...more: string[]): KcapRun {
  const script = `${repository}test/interop/pycapa_peer.py`;
  const args = [command, testBrokers(), topic, String(FRAMES.length), ...more];
  const child = spawnTied([PYTHON, script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const run = new KcapRun(child, {
    command: ['pycapa_peer.py', ...args].join(' '),
    collect: true,
    limitMs: LIMIT_MS,
  });
  t.after(() => run.end());
  return run;
}

/**
 * Makes sure that the topic holds the frames, in order, and that both read from it the same pcap stream, byte for
 * byte. `earliest` and `latest` are bounds of the capture times, in milliseconds.
 */
async function assertReadAlike(
  t: TestContext,
  topic: string,
  { earliest, latest }: { readonly earliest: number; readonly latest: number },
): Promise<void> {
  const all = ['-o', 'begin', '-e'];
  const byKcap = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, ...all], { limitMs: LIMIT_MS });
  const byPycapa = peer(t, 'read', topic);
  const messages = await readMessages(topic);
  assert.equal((await byKcap.exit).status, 0, byKcap.stderr);
  assert.equal((await byPycapa.exit).status, 0, byPycapa.stderr);
  assertSameBytes(withoutSnapLength(byKcap.stdout), withoutSnapLength(byPycapa.stdout));

  const { packets } = readPcap(byPycapa.stdout);
  assert.deepEqual(
    packets.map(({ originalLength }) => originalLength),
    FRAMES.map(({ length }) => length),
  );
  assertSameBytes(Buffer.concat(packets.map(({ frame }) => frame)), Buffer.concat(FRAMES));

  assert.deepEqual(
    messages.map(({ key, headers }) => ({ time: key?.readBigUInt64BE(), headers })),
    packets.map((packet) => ({ time: microseconds(packet), headers: [] })),
  );
  let last = BigInt(earliest) * 1000n;
  for (const packet of packets) {
    const time = microseconds(packet);
    assert.ok(time >= last, `captured at ${time}, after one of ${last}`);
    last = time;
  }
  assert.ok(last <= BigInt(latest + 1) * 1000n, `captured at ${last}, after ${latest} ms`);
}

function microseconds({ seconds, fraction }: PcapPacket): bigint {
  return BigInt(seconds) * 1_000_000n + BigInt(fraction);
}

/** The snapshot length in the file header is the one thing the two choose differently: 262144 and 65535. */
function withoutSnapLength(pcap: Buffer): Buffer {
  return Buffer.concat([pcap.subarray(0, 16), pcap.subarray(20)]);
}

/** As deepEqual would, which takes minutes to show where so many bytes differ. */
function assertSameBytes(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.length, expected.length);
  const difference = actual.findIndex((byte, at) => byte !== expected[at]);
  assert.equal(difference, -1, `they differ from byte ${difference} on`);
}
