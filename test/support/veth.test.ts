import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, describe, test } from 'node:test';

import { readPcap } from './pcap-file.js';
import { runCommand } from './run-command.js';
import { tempFolder } from './temp-folder.js';
import { flood, sendFrames } from './traffic.js';
import { type VethPair, noVeth, vethPair } from './veth.js';
import { waitFor } from './wait-for.js';

describe('a veth pair', { skip: noVeth }, () => {
  test('carries the frames that are sent, exactly and nothing else', async (t) => {
    const veth = await vethPair(t, { mtu: 65_521 });
    // The shortest, a usual one with a VLAN tag, and the longest.
    const frames = [
      Buffer.from('02000000000202000000000188b5', 'hex'),
      Buffer.from(`0200000000020200000000018100002a88b5${'ab'.repeat(100)}`, 'hex'),
      Buffer.concat([Buffer.from('02000000000202000000000188b5', 'hex'), Buffer.alloc(65_521, 7)]),
    ];
    const capture = await tcpdump(t, veth, '--immediate-mode');
    await sendFrames(veth, frames);
    const captured = await capture.packets(frames.length);
    assert.deepEqual(captured, frames);
  });

  test('is flooded with the number of frames asked for, at the rate asked for', async (t) => {
    const veth = await vethPair(t);
    const capture = await tcpdump(t, veth);
    const sent = await flood(veth, { packetsPerSecond: 20_000, frameBytes: 200, seconds: 0.25 });
    assert.equal(sent.packets, 5000);
    assert.ok(sent.packetsPerSecond > 18_000, `only ${sent.packetsPerSecond} packets/s`);
    const captured = await capture.packets(sent.packets);
    assert.equal(captured.length, sent.packets);
    assert.ok(captured.every((frame) => frame.length === 200));
  });

  test('is gone when its test is over', async (t) => {
    let links = '';
    let inside = '';
    await t.test('inner', async (t) => {
      ({ inside } = await vethPair(t));
      links = await runCommand('ip', '-br', 'link');
    });
    assert.ok(links.includes(inside));
    assert.ok(!(await runCommand('ip', '-br', 'link')).includes(inside));
    assert.ok(!(await runCommand('ip', 'netns', 'list')).includes(`kcap-test-${process.pid}-`));
  });
});

/** Captures with tcpdump, which is on when this returns. */
async function tcpdump(
  t: TestContext,
  veth: VethPair,
  ...options: readonly string[]
): Promise<{ packets(count: number): Promise<Buffer[]> }> {
  const file = path.join(await tempFolder(t), 'tcpdump.pcap');
  const process = spawn('tcpdump', ['-i', veth.inside, '-U', '-w', file, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(process, 'exit');
  t.after(() => process.kill('SIGKILL'));
  let said = '';
  process.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await waitFor(() => said.includes('listening on'), { limitMs: 10_000, what: 'tcpdump' });
  return {
    async packets(count) {
      await waitFor(async () => recordsIn(await readFile(file)) >= count, {
        limitMs: 10_000,
        what: `${count} packets in tcpdump's file`,
      });
      process.kill('SIGTERM');
      await ended;
      return readPcap(await readFile(file)).packets.map(({ frame }) => frame);
    },
  };
}

function recordsIn(pcap: Buffer): number {
  try {
    return readPcap(pcap).packets.length;
  } catch {
    // tcpdump is in the middle of a record.
    return 0;
  }
}
