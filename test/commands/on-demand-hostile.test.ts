import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileMessages } from '../agent/triggers/hostile-messages.js';
import { capturingAgent } from '../support/capturing-agent.js';
import { kcap } from '../support/kcap.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { redisServer } from '../support/redis-server.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const MESSAGES = 300;
const BOUNDS = { maxpackets: 10, maxtimeout: 1, maxduration: 1, defaulttimeout: 1 };
/** Of a message whose captures are made, since all else in it is right. */
const FOLDERS = ['../../escaped', '/escaped', '..', 'a/../../escaped', '%2e%2e/escaped', 'a\0b'];

test(
  'an agent takes hundreds of hostile messages, writes nothing elsewhere, and goes on',
  { skip: noVeth },
  async (t) => {
    const [veth, redis] = await Promise.all([vethPair(t), redisServer(t)]);
    const agent = await capturingAgent(
      t,
      {
        ...{ general: BOUNDS, interface: [{ name: veth.inside, alias: ['public'] }] },
        redis: { listen: true, host: '127.0.0.1', port: redis.port },
      },
      { node: { hostname: 'fw' } },
    );
    const { run, captures } = agent;
    const around = async () =>
      Promise.all([agent.folder, path.dirname(captures)].map((folder) => readdir(folder)));
    await redis.subscribed('capture');
    const before = await around();
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
    const asking = kcap(t, ['task', 'capture', '-f', '-', '--socket', agent.socket], {
      stdin: Buffer.from(capture({})),
    });
    // It waits for a second only: frames come until then.
    const answered = new AbortController();
    void asking.exit.finally(() => {
      answered.abort();
    });
    while (!answered.signal.aborted) await sendFrames(veth, [numberedFrame(1, 100)]);
    assert.equal((await asking.exit).status, 0, asking.stderr);
    const [file = ''] = /^fw-\S+\.pcap/.exec(asking.stdout.toString()) ?? [];
    assert.ok((await readdir(captures)).includes(file));
    assert.deepEqual(await around(), before);
    for (const name of await readdir(captures)) assert.match(name, /^fw-[\w.-]+\.pcap$/);
    assert.doesNotMatch(run.stderr, /\n {4}at |a bug in kcap/);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
  },
);
