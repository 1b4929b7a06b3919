import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileMessages } from '../agent/triggers/hostile-messages.js';
import { kcap } from '../support/kcap.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { redisServer } from '../support/redis-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const MESSAGES = 300;
/** Of a message whose captures are made, since all else in it is right. */
const FOLDERS = ['../../escaped', '/escaped', '..', 'a/../../escaped', '%2e%2e/escaped', 'a\0b'];

test(
  'an agent takes hundreds of hostile messages, writes nothing elsewhere, and goes on',
  { skip: noVeth },
  async (t) => {
    const [veth, redis, folder] = await Promise.all([vethPair(t), redisServer(t), tempFolder(t)]);
    const local = path.join(folder, 'captures');
    const data = path.join(folder, 'data');
    await mkdir(local);
    await mkdir(data);
    const socket = path.join(folder, 'agent.sock');
    const config = path.join(folder, 'pcapdaemon.toml');
    await writeFile(
      config,
      `
data_dir = "${data}"
[node]
hostname = "fw"
[control]
socket = "${socket}"
[metrics]
enabled = false
[general]
writelocal = true
localdir = "${local}"
maxpackets = 10
maxtimeout = 1
maxduration = 1
defaulttimeout = 1
[[interface]]
name = "${veth.inside}"
alias = ["public"]
[redis]
listen = true
host = "127.0.0.1"
port = ${redis.port}
`,
    );
    const agent = kcap(t, ['agent', '--config', config]);
    await agent.waitForLog(({ event }) => event === 'agent-started', 30_000);
    await redis.subscribed('capture');
    const before = await readdir(folder);
    // An interface that is there on many machines has packets of its own.
    const messages = fc.sample(hostileMessages, MESSAGES);
    await redis.publishAll(
      'capture',
      messages.map((text) => text.replaceAll('eth0', 'absent0')),
    );
    const capture = (changes: Readonly<Record<string, unknown>>) =>
      JSON.stringify({ node: 'any', interface: [veth.inside], packets: 1, ...changes });
    await redis.publishAll(
      'capture',
      FOLDERS.map((name) => capture({ folder: name, bucket: name, tags: name })),
    );

    // Once those before it have had their turn.
    const asking = kcap(t, ['task', 'capture', '-f', '-', '--socket', socket], {
      stdin: Buffer.from(capture({})),
    });
    await agent.waitForLog(
      ({ event, source }) => event === 'capture-started' && source === 'socket',
      60_000,
    );
    await sendFrames(veth, [numberedFrame(1, 100)]);
    assert.equal((await asking.exit).status, 0, asking.stderr);
    const [file = ''] = /^fw-\S+\.pcap/.exec(asking.stdout.toString()) ?? [];
    assert.ok((await readdir(local)).includes(file));
    assert.deepEqual(await readdir(folder), before);
    for (const name of await readdir(local)) assert.match(name, /^fw-[\w.-]+\.pcap$/);
    assert.doesNotMatch(agent.stderr, /\n {4}at |a bug in kcap/);
    agent.signal('SIGTERM');
    assert.equal((await agent.exit).status, 0);
  },
);
