import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turnFrame, turns, turnsByConversation } from '../support/conversations.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages } from '../support/topic.js';
import { flood, sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const skip = noVeth;
const WORKERS = 4;

function producing(topic: string, ...more: string[]): string[] {
  return ['-p', '-k', testBrokers(), '-t', topic, '--workers', String(WORKERS), ...more];
}

interface WorkerCount {
  readonly interface: string;
  readonly worker: number;
  readonly packets_in: number;
  readonly dropped_kernel: number;
}

/** What the summary says of each worker. */
function workersOf(run: KcapRun): readonly WorkerCount[] {
  const { workers } = run.summary() as unknown as { workers: readonly WorkerCount[] };
  return workers;
}

function sumOf(workers: readonly WorkerCount[], what: 'packets_in' | 'dropped_kernel'): number {
  return workers.reduce((sum, worker) => sum + worker[what], 0);
}

for (const [name, more] of [
  ['plain', []],
  ['packed', ['--pack', '--identify']],
  ['packed and spooled', ['--pack', '--spool', 'SPOOL']],
] as const) {
  test(`every packet arrives once, conversations in order: ${name}`, { skip }, async (t) => {
    const [conversations, each] = [100, 40];
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const folder = await tempFolder(t);
    const args = more.map((arg) => (arg === 'SPOOL' ? folder : arg));
    const all = turns(conversations, each);
    const run = kcap(t, producing(topic, '-i', veth.inside, '-m', String(all.length), ...args));
    await run.started();
    await sendFrames(
      veth,
      all.map((turn) => turnFrame(turn, { fragments: true })),
    );
    assert.equal((await run.exit).status, 0, run.stderr);
    const back = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e']);
    assert.equal((await back.exit).status, 0, back.stderr);
    const found = turnsByConversation(readPcap(back.stdout).packets.map(({ frame }) => frame));
    assert.equal(found.size, conversations);
    const inOrder = Array.from({ length: each }, (_, turn) => turn);
    for (const so of found.values()) assert.deepEqual(so, inOrder);
    const workers = workersOf(run);
    assert.deepEqual(
      workers.map(({ interface: name, worker }) => [name, worker]),
      [1, 2, 3, 4].map((worker) => [veth.inside, worker]),
    );
    assert.ok(workers.every(({ packets_in }) => packets_in > 0));
    assert.equal(sumOf(workers, 'packets_in'), all.length);
  });
}

test('what the kernel drops adds up over the workers', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const small = ['-B', '1', '-X', 'queue.buffering.max.messages=100'];
  const run = kcap(t, producing(topic, '-i', veth.inside, ...small));
  await run.started();
  const { packets } = await flood(veth, {
    ...{ packetsPerSecond: 300_000, frameBytes: 200, seconds: 1 },
    frame: (number, frameBytes) =>
      turnFrame({ conversation: number % 500, turn: Math.floor(number / 500) }, { frameBytes }),
  });
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 1);
  const { packets_in, packets_out, dropped_kernel } = run.summary();
  const workers = workersOf(run);
  assert.ok(workers.filter((worker) => worker.dropped_kernel > 0).length > 1, run.stderr);
  assert.equal(sumOf(workers, 'dropped_kernel'), dropped_kernel);
  assert.equal(sumOf(workers, 'packets_in'), packets_in);
  assert.equal(packets_out, packets_in);
  assert.equal(packets_out + dropped_kernel, packets);
  assert.equal(await countMessages(topic), packets_out);
});

test(
  '-i any and --partition-by flow: conversations in order, in their partitions',
  { skip },
  async (t) => {
    const topic = await freshTopic(t, { partitions: 4 });
    const veth = await vethPair(t);
    const all = turns(60, 10);
    const filter = ['-f', 'net 10.0.0.0/8 and udp port 5060', '-m', String(all.length)];
    const run = kcap(t, producing(topic, '-i', 'any', '--partition-by', 'flow', ...filter));
    await run.started();
    await sendFrames(
      veth,
      all.map((turn) => turnFrame(turn)),
    );
    assert.equal((await run.exit).status, 0, run.stderr);
    const messages = await readMessages(topic);
    const found = turnsByConversation(messages.map(({ value }) => value ?? Buffer.alloc(8)));
    assert.equal(found.size, 60);
    const inOrder = Array.from({ length: 10 }, (_, turn) => turn);
    for (const so of found.values()) assert.deepEqual(so, inOrder);
  },
);

test('an interface that goes away ends its workers, which is said once', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const [lost, kept] = [await vethPair(t), await vethPair(t)];
  const run = kcap(t, producing(topic, '-i', lost.inside, '-i', kept.inside));
  await run.started();
  await runCommand('ip', 'link', 'delete', lost.inside);
  await run.waitForLog(/continuing with the others/);
  await runCommand('ip', 'link', 'delete', kept.inside);
  assert.equal((await run.exit).status, 1);
  const said = (text: string) => run.stderr.split(text).length - 1;
  assert.equal(said(`capture on ${lost.inside}: The interface disappeared`), 1);
  assert.equal(said(`capture on ${kept.inside}: The interface disappeared`), 1);
});

test('numbers of workers that make no sense are misuse', async (t) => {
  const base = ['-p', '-k', '127.0.0.1:1', '-t', 'any'];
  for (const [args, message] of [
    [['-i', 'lo', '--workers', '0'], '--workers 0: no thread would capture'],
    [['-i', 'lo', '--workers', '65'], '--workers 65: not a whole number up to 64'],
    [['-r', 'x.pcap', '--workers', '2'], '--workers and -r: one thread reads a file'],
  ] as const) {
    const run = kcap(t, [...base, ...args]);
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, new RegExp(`kcap: ${message}`));
  }
});
