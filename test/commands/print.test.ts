import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { LIKE_TCPDUMP } from '../decode/known-packets.js';
import { kcap } from '../support/kcap.js';
import { pcapFile, readPcap } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

/* oxlint-disable no-control-regex -- colours are made of them */

const UTC = { TZ: 'UTC' };
const PACKETS = LIKE_TCPDUMP.filter(({ linkType }) => linkType === 1).map(({ frame }, index) => ({
  seconds: 1_700_000_000 + index,
  fraction: index,
  frame,
}));

/** A capture file of known packets, and what tcpdump prints of it. */
async function knownFile(t: TestContext): Promise<{ file: string; lines: string }> {
  const file = path.join(await tempFolder(t), 'known.pcap');
  await writeFile(file, pcapFile({ packets: PACKETS }));
  return { file, lines: await runCommand('env', 'TZ=UTC', 'tcpdump', '-n', '-r', file) };
}

/** A topic that holds these packets. */
async function knownTopic(t: TestContext): Promise<{ topic: string; lines: string }> {
  const topic = await freshTopic(t);
  const { file, lines } = await knownFile(t);
  const run = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-r', file]);
  assert.equal((await run.exit).status, 0);
  return { topic, lines };
}

const reading = (topic: string) => ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e'];

describe('--print', () => {
  test('shows the packets of a topic as tcpdump shows those of a file', async (t) => {
    const { topic, lines } = await knownTopic(t);
    const run = kcap(t, [...reading(topic), '--print'], { env: UTC });
    assert.equal((await run.exit).status, 0);
    assert.equal(run.stdout.toString(), lines);
    assert.match(
      run.stderr,
      new RegExp(`'${PACKETS.length}' packet\\(s\\) in, '${PACKETS.length}' packet`),
    );
  });

  test('with -w shows what is written', async (t) => {
    const { topic, lines } = await knownTopic(t);
    const file = path.join(await tempFolder(t), 'out.pcap');
    const run = kcap(t, [...reading(topic), '--print', '-m', '7', '-w', file], { env: UTC });
    assert.equal((await run.exit).status, 0);
    assert.equal(run.stdout.toString(), lines.split('\n').slice(0, 7).join('\n') + '\n');
    const written = readPcap(await readFile(file)).packets;
    assert.deepEqual(
      written.map(({ frame }) => frame),
      PACKETS.slice(0, 7).map(({ frame }) => frame),
    );
  });

  test('of a producer shows what is sent, and only that', async (t) => {
    const topic = await freshTopic(t);
    const { file, lines } = await knownFile(t);
    const args = ['-p', '-k', testBrokers(), '-t', topic, '-r', file, '--print', '-m', '5'];
    const run = kcap(t, args, { env: UTC });
    assert.equal((await run.exit).status, 0);
    assert.equal(run.stdout.toString(), lines.split('\n').slice(0, 5).join('\n') + '\n');
    const sent = kcap(t, reading(topic));
    assert.equal((await sent.exit).status, 0);
    assert.equal(readPcap(sent.stdout).packets.length, 5);
  });

  test(
    'of a capture never holds it up: lines that nobody reads are dropped, and counted',
    { skip: noVeth },
    async (t) => {
      const topic = await freshTopic(t);
      const veth = await vethPair(t);
      const pipe = path.join(await tempFolder(t), 'pipe');
      await runCommand('mkfifo', pipe);
      const command = ['sh', '-c', `exec "${repository}bin/kcap" "$@" 1<>${pipe}`, 'sh'];
      const brokers = ['-k', testBrokers(), '-t', topic, '--drain-timeout', '3'];
      const run = kcap(t, ['-p', ...brokers, '-i', veth.inside, '--print'], { command });
      await run.started();
      const { packets } = await flood(veth, {
        packetsPerSecond: 40_000,
        frameBytes: 200,
        seconds: 1.5,
      });
      run.signal('SIGTERM');
      assert.equal((await run.exit).status, 1);
      const { packets_out, dropped_kernel, branches } = run.summary();
      assert.deepEqual(
        { packets_out, dropped_kernel },
        { packets_out: packets, dropped_kernel: 0 },
      );
      const lines = branches?.['lines'];
      assert.equal(lines?.packets_in, packets);
      assert.ok(lines.packets_failed > 0);
    },
  );

  test('ends when the reader of the lines leaves, as a normal end', async (t) => {
    const { topic, lines } = await knownTopic(t);
    const under = ['sh', '-c', '"$@" | head -n 1', 'sh'];
    const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '--print'], {
      under,
      env: UTC,
    });
    assert.equal((await run.exit).status, 0);
    assert.equal(run.stdout.toString(), lines.slice(0, lines.indexOf('\n') + 1));
  });
});

describe('a terminal', () => {
  for (const [what, env, colours] of [
    ['in colours', { TERM: 'xterm', NO_COLOR: '' }, true],
    ['without colours where NO_COLOR is set', { TERM: 'xterm', NO_COLOR: '1' }, false],
    ['without colours where it is dumb', { TERM: 'dumb', NO_COLOR: '' }, false],
  ] as const)
    test(`gets lines by default, ${what}, and a hint on how to get the packets`, async (t) => {
      const { topic, lines } = await knownTopic(t);
      const shell = `script -qec "$(printf '%s ' "$@")" /dev/null`;
      const under = ['sh', '-c', shell, 'sh'];
      const run = kcap(t, reading(topic), { env: { ...UTC, ...env }, under });
      assert.equal((await run.exit).status, 0);
      const shown = run.stdout.toString().replaceAll('\r\n', '\n');
      assert.match(shown, /a terminal gets lines; for the packets: \| tshark -i - or > out\.pcap/);
      const [first = ''] = lines.split('\n');
      assert.equal(shown.includes(`\x1b[2m${first.slice(0, 15)}\x1b[0m`), colours);
      const plain = shown.replaceAll(/\x1b\[\d*m/g, '');
      for (const line of lines.split('\n')) assert.ok(plain.includes(line), line);
    });
});
