import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { DISTINCT_FRAMES } from '../support/numbered-frames.js';
import { readPcap } from '../support/pcap-file.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { useBrokers } from '../support/test-brokers.js';
import { countMessages, deleteTopic, freshTopic } from '../support/topic.js';
import { flood } from '../support/traffic.js';
import { noVeth, type VethPair, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const FRAME_BYTES = 200;

let kafka: RealKafka;
let isKilled = false;

before(async () => {
  kafka = await startRealKafka();
  useBrokers(kafka.brokers);
});

after(() => kafka.close());

describe('--spool', { skip: noVeth }, () => {
  test('holds what cannot be sent, as pcap files, and sends it first when the broker is back', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    const run = await capture();
    const first = await flooded(veth, 10_000, 0.3);
    await delivered(topic, first);
    await killKafka();
    const second = await flooded(veth, 50_000, 3);
    await waitFor(async () => (await packetsIn(spool)) > 30_000, {
      limitMs: 10_000,
      what: 'packets in the spool',
    });
    for (const { mode } of await filesIn(spool)) assert.equal(mode & 0o777, 0o600);
    await restartKafka();
    const third = await flooded(veth, 50_000, 1);
    await delivered(topic, first + second + third);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    const { packets_in, packets_out, packets_spooled } = run.summary();
    assert.deepEqual(
      { packets_in, packets_out, packets_spooled },
      { packets_in: first + second + third, packets_out: packets_in, packets_spooled: 0 },
    );
    assert.deepEqual(await filesIn(spool), []);
    await assertInOrder(t, topic, [first, second, third]);
  });

  test('a stop without a broker leaves all on disk, for the next run, and nothing is lost', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    const run = await capture('--drain-timeout', '1');
    const first = await flooded(veth, 10_000, 0.3);
    await delivered(topic, first);
    await killKafka();
    const second = await flooded(veth, 50_000, 3);
    await waitFor(async () => (await packetsIn(spool)) > 1000, {
      limitMs: 10_000,
      what: 'packets in the spool',
    });
    const askedAt = performance.now();
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    assert.ok(performance.now() - askedAt < 3000);
    assert.match(run.stderr, /the next run with this --spool sends them|packets_spooled/);
    const left = run.summary();
    assert.deepEqual(
      [left.packets_in, left.packets_out, left.packets_spooled, left.packets_failed],
      [first + second, first, second, 0],
    );
    assert.equal(await packetsIn(spool), second);

    await restartKafka();
    const next = await capture();
    const third = await flooded(veth, 10_000, 0.3);
    await delivered(topic, first + second + third);
    next.signal('SIGTERM');
    assert.equal((await next.exit).status, 0);
    assert.equal(next.summary().packets_in, second + third);
    assert.equal(next.summary().packets_out, second + third);
    assert.deepEqual(await filesIn(spool), []);
    await assertInOrder(t, topic, [first, second, third]);
  });

  test('after a SIGKILL, the next start delivers what was on disk', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    const run = await capture();
    await killKafka();
    await flooded(veth, 50_000, 3);
    const onDisk = await waitFor(
      async () => (await packetsIn(spool)) > 30_000 && packetsIn(spool),
      {
        limitMs: 10_000,
        what: 'packets in the spool',
      },
    );
    run.signal('SIGKILL');
    await run.exit;
    await restartKafka();
    const next = await capture();
    await delivered(topic, onDisk);
    next.signal('SIGTERM');
    assert.equal((await next.exit).status, 0);
    assert.equal(next.summary().packets_in, onDisk);
    assert.equal(next.summary().packets_out, onDisk);
  });

  test('packed: what a stop and a SIGKILL leave on disk goes first, each packet once', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    await killKafka();
    const killed = await capture('--pack');
    const first = await flooded(veth, 50_000, 1);
    const onDisk = async (packets: number) => {
      await waitFor(async () => (await packetsIn(spool)) === packets, {
        limitMs: 10_000,
        what: `${packets} packets in the spool`,
      });
    };
    await onDisk(first);
    killed.signal('SIGKILL');
    await killed.exit;
    const stopped = await capture('--pack', '--drain-timeout', '1');
    const second = await flooded(veth, 50_000, 1);
    await onDisk(first + second);
    stopped.signal('SIGTERM');
    assert.equal((await stopped.exit).status, 0);
    assert.equal(stopped.summary().packets_spooled, second);
    await onDisk(first + second);
    await restartKafka();
    const last = await capture('--pack');
    const third = await flooded(veth, 10_000, 0.5);
    await waitFor(async () => (await packetsIn(spool)) === 0, {
      limitMs: 20_000,
      what: 'an empty spool',
    });
    last.signal('SIGTERM');
    assert.equal((await last.exit).status, 0);
    assert.equal(last.summary().packets_out, first + second + third);
    assert.ok((await countMessages(topic)) < first / 10, 'it is packed');
    await assertInOrder(t, topic, [first, second, third]);
  });

  test('a run begins also without a broker, says so, and sends all once there is one', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    await killKafka();
    const run = await capture('--partition-by', 'flow');
    await run.waitForLog(/connect to .*: packets go to .* until Kafka takes them/);
    const sent = await flooded(veth, 10_000, 0.5);
    await waitFor(async () => (await packetsIn(spool)) === sent, {
      limitMs: 10_000,
      what: 'packets in the spool',
    });
    await restartKafka();
    await delivered(topic, sent);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    assert.deepEqual([run.summary().packets_in, run.summary().packets_out], [sent, sent]);
    assert.deepEqual(await filesIn(spool), []);
    await assertInOrder(t, topic, [sent]);
  });

  test('a topic that is missing for a while loses nothing, however many packets came meanwhile', async (t) => {
    const { veth, topic, spool, capture } = await setUp(t);
    // Half a minute is librdkafka's own patience with it.
    const run = await capture('-X', 'topic.metadata.propagation.max.ms=500');
    await flooded(veth, 1000, 0.1);
    await delivered(topic, 100);
    await deleteTopic(topic);
    const sent = await flooded(veth, 50_000, 1);
    await run.waitForLog(/does not exist on .*: packets go to .* until Kafka takes them/, 20_000);
    const more = await flooded(veth, 10_000, 0.3);
    await waitFor(async () => (await packetsIn(spool)) === sent + more, {
      limitMs: 20_000,
      what: 'packets in the spool',
    });
    assert.doesNotMatch(run.stderr, /caught up/);
    await freshTopic(t, { topic });
    await delivered(topic, sent + more);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    const { packets_out, packets_failed } = run.summary();
    assert.deepEqual([packets_out, packets_failed], [100 + sent + more, 0]);
    await assertInOrder(t, topic, [sent, more]);
  });

  test('a full one takes no more: what the kernel drops then is counted', async (t) => {
    const { veth, topic, capture } = await setUp(t);
    const run = await capture('--spool-size', '8M', '-B', '1');
    await killKafka();
    const sent = await flooded(veth, 50_000, 4);
    await run.waitForLog(/is full/);
    await run.waitForLog(/packets drop: \d+ in [\d.]+ s \(\d+\/s\) found the kernel's buffer full/);
    await run.waitForLog(/Kafka is \d+ s behind: \d+ packet\(s\) wait, \d+ of them on disk/);
    await restartKafka();
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    const { packets_in, packets_out, packets_failed, dropped_kernel } = run.summary();
    assert.ok(dropped_kernel > 0);
    assert.equal(packets_in, packets_out + packets_failed);
    assert.equal(packets_in + dropped_kernel, sent);
    assert.equal(await countMessages(topic), packets_out);
  });

  test('belongs to one process at a time', async (t) => {
    const { capture, start } = await setUp(t);
    await capture();
    const second = start();
    assert.equal((await second.exit).status, 1);
    assert.match(second.stderr, /spool .*: another kcap spools topic/);
  });
});

async function killKafka(): Promise<void> {
  isKilled = true;
  await kafka.kill();
}

async function restartKafka(): Promise<void> {
  if (isKilled) await kafka.restart();
  isKilled = false;
}

interface SetUp {
  readonly veth: VethPair;
  readonly topic: string;
  readonly spool: string;
  /** A producer with the spool. */
  readonly start: (...args: string[]) => KcapRun;
  /** One that captures already. */
  readonly capture: (...args: string[]) => Promise<KcapRun>;
}

async function setUp(t: TestContext): Promise<SetUp> {
  // Before the topic is removed, which takes a broker.
  t.after(restartKafka);
  const veth = await vethPair(t);
  const topic = await freshTopic(t);
  const spool = path.join(await tempFolder(t), 'spool');
  const start = (...args: string[]) =>
    kcap(t, [
      ...['-p', '-k', kafka.brokers, '-t', topic, '-i', veth.inside, '--spool', spool],
      ...args,
    ]);
  const capture = async (...args: string[]) => {
    const run = start(...args);
    await run.started();
    return run;
  };
  return { veth, topic, spool, start, capture };
}

async function flooded(veth: VethPair, packetsPerSecond: number, seconds: number): Promise<number> {
  return (await flood(veth, { packetsPerSecond, frameBytes: FRAME_BYTES, seconds })).packets;
}

async function delivered(topic: string, packets: number): Promise<void> {
  await waitFor(async () => (await countMessages(topic)) >= packets, {
    limitMs: 20_000,
    what: `${packets} packets in ${topic}`,
  });
}

/** The floods are in the topic one after the other, each frame once and in its order. */
async function assertInOrder(t: TestContext, topic: string, floods: readonly number[]) {
  const file = path.join(await tempFolder(t), 'out.pcap');
  const read = kcap(t, ['-c', '-k', kafka.brokers, '-t', topic, '-o', 'begin', '-e', '-w', file]);
  assert.equal((await read.exit).status, 0, read.stderr);
  const numbers = readPcap(await readFile(file)).packets.map(({ frame }) => frame.readUInt32BE(14));
  const sent = floods.flatMap((packets) =>
    Array.from({ length: packets }, (_, index) => index % DISTINCT_FRAMES),
  );
  assert.equal(numbers.length, sent.length);
  const wrong = numbers.findIndex((number, index) => number !== sent[index]);
  assert.equal(wrong, -1, `packet ${wrong} of ${numbers.length}`);
}

async function filesIn(spool: string): Promise<{ file: string; mode: number; size: number }[]> {
  const names = (await readdir(spool)).filter((name) => name.endsWith('.pcap'));
  return Promise.all(
    names.map(async (name) => {
      const file = path.join(spool, name);
      const { mode, size } = await stat(file);
      return { file, mode, size };
    }),
  );
}

/** Packets of the spool's files, as tcpdump reads them; NaN where a file was sent, and removed, meanwhile. */
async function packetsIn(spool: string): Promise<number> {
  let packets = 0;
  for (const { file } of await filesIn(spool).catch(() => [])) {
    const lines = await runCommand('tcpdump', '--count', '-nr', file).catch(() => '');
    packets += Number(/^(\d+) packets?/.exec(lines)?.[1] ?? NaN);
  }
  return packets;
}
