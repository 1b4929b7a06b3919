import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { LiveCapture } from '#kcap/capture/live-capture.js';

import {
  turnFrame,
  turns,
  turnsByConversation,
  type ConversationOptions,
} from '../support/conversations.js';
import { pcapFile } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, type VethPair, vethPair } from '../support/veth.js';

const CAPTURES = 4;
const CONVERSATIONS = 40;
const TURNS = 30;

const KINDS: readonly ConversationOptions[] = [
  { fragments: true },
  { protocol: 'tcp' },
  { ip: 6 },
  { ip: 6, protocol: 'tcp' },
  { wrapping: 'VLAN', fragments: true },
  { wrapping: 'two VLANs', protocol: 'tcp' },
  { wrapping: 'PPPoE', ip: 6 },
];

for (const kind of KINDS) {
  const name = Object.entries(kind).map(([option, value]) => `${option} ${String(value)}`);
  test(
    `each packet comes once, a conversation whole and in order to one capture: ${name.join(', ')}`,
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const captures = await shared(t, veth);
      await sendFrames(
        veth,
        turns(CONVERSATIONS, TURNS).map((turn) => turnFrame(turn, kind)),
      );
      await assertShared(captures);
    },
  );
}

test('packets that go out are shared as those that come in are', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const captures = await shared(t, veth);
  const all = turns(CONVERSATIONS, TURNS).map((turn) => turnFrame(turn, { fragments: true }));
  const half = all.length / 2;
  await sendFrames(veth, all.slice(0, half));
  await sendFrom(t, veth.inside, all.slice(half));
  await assertShared(captures);
});

test(
  'packets from before all captures are there come to none of them',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const frame = turnFrame({ conversation: 1, turn: 0 });
    const end = new AbortController();
    const sending = (async () => {
      while (!end.signal.aborted) await sendFrames(veth, Array<Buffer>(50).fill(frame));
    })();
    const captures = await shared(t, veth);
    end.abort();
    await sending;
    await sendFrames(veth, [frame]);
    const came = await Promise.all(captures.map(framesOf));
    assert.equal(came.filter((frames) => frames.length > 0).length, 1);
  },
);

test('the filter holds from the first packet on', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const captures = await shared(t, veth, 'udp src port 5060');
  await sendFrames(
    veth,
    turns(CONVERSATIONS, 2).map((turn) => turnFrame(turn)),
  );
  const found = turnsByConversation((await Promise.all(captures.map(framesOf))).flat());
  assert.equal(found.size, CONVERSATIONS);
  for (const so of found.values()) assert.deepEqual(so, [1]);
});

test('captures that can’t be shared leave nothing open', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const before = (await readdir('/proc/self/fd')).length;
  await assert.rejects(
    LiveCapture.openShared({ ...options(veth, ''), linkType: 113 }, CAPTURES),
    /it has no link type/,
  );
  const captures = await LiveCapture.openShared(options(veth, ''), CAPTURES);
  await Promise.all(captures.map((capture) => capture.close()));
  assert.equal((await readdir('/proc/self/fd')).length, before);
});

/** Sends frames out of an interface of the network namespace that the test runs in. */
async function sendFrom(t: TestContext, link: string, frames: readonly Buffer[]): Promise<void> {
  const file = path.join(await tempFolder(t), 'frames.pcap');
  const packets = frames.map((frame) => ({ seconds: 0, fraction: 0, frame }));
  await writeFile(file, pcapFile({ packets }));
  await runCommand('tcpreplay', '--topspeed', '--intf1', link, file);
}

/** Each conversation is in one capture, whole and in order, and each capture has some. */
async function assertShared(captures: readonly LiveCapture[]): Promise<void> {
  const all = Array.from({ length: TURNS }, (_, turn) => turn);
  const found = await Promise.all(captures.map(framesOf)).then((came) =>
    came.map(turnsByConversation),
  );
  const conversations = found.flatMap((some) => [...some.keys()]);
  assert.equal(conversations.length, CONVERSATIONS, 'each in one capture');
  assert.equal(new Set(conversations).size, CONVERSATIONS);
  for (const some of found) {
    assert.ok(some.size > 0, 'each capture has some');
    for (const so of some.values()) assert.deepEqual(so, all);
  }
}

/** The frames that come until the capture was stopped, now. */
async function framesOf(capture: LiveCapture): Promise<Buffer[]> {
  capture.stop();
  const frames: Buffer[] = [];
  for (let batch; (batch = await capture.next()) !== null;) {
    for (let at = 0; at < batch.bytes.length;) {
      const captured = batch.bytes.readUInt32LE(at + 8);
      frames.push(Buffer.from(batch.bytes.subarray(at + 16, at + 16 + captured)));
      at += 16 + captured;
    }
  }
  return frames;
}

async function shared(t: TestContext, veth: VethPair, filter = ''): Promise<LiveCapture[]> {
  const captures = await LiveCapture.openShared(options(veth, filter), CAPTURES);
  t.after(() => Promise.all(captures.map((capture) => capture.close())));
  return captures;
}

function options(veth: VethPair, filter: string): Parameters<typeof LiveCapture.open>[0] {
  return {
    interface: veth.inside,
    snapLength: 1000,
    bufferMiB: 4,
    promiscuous: true,
    precision: 'micro',
    timestampType: 'host',
    linkType: 1,
    filter,
    leavesOutKcap: false,
  };
}
