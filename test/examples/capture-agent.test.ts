import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { sipRequest, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const EXAMPLES = `${repository}examples/capture-agent`;

test(
  "capture-agent's first steps work word for word, but for the program's name",
  { skip: noVeth },
  async (t) => {
    const { name: namespace, under, set } = await netNamespace(t);
    // Nothing is sent but by this test.
    await set('net.ipv6.conf.default.disable_ipv6', '1');
    const link = ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far'];
    await runCommand('ip', '-n', namespace, ...link);
    for (const end of ['eth0', 'far'])
      await runCommand('ip', '-n', namespace, 'link', 'set', end, 'arp', 'off', 'up');
    const folder = await tempFolder(t);
    await copyFile(`${EXAMPLES}/seed-sip-capture.yaml`, path.join(folder, 'sip-capture.yaml'));
    const socket = path.join(folder, 'agent.sock');
    // Where root alone may write. Its brokers are nowhere: it goes on trying.
    const env = { KCAP__CONTROL__SOCKET: socket, KCAP__DATA_DIR: folder };
    const daemon = ['daemon', '--config', `${EXAMPLES}/seed-config.yml`];
    const agent = kcap(t, daemon, { under, env });
    await agent.waitForLog(({ event }) => event === 'agent-started');

    const type = async (line: string) => {
      const run = kcap(t, line.split(' '), { cwd: folder, env: { KCAP_SOCKET: socket } });
      assert.equal((await run.exit).status, 0, run.stderr);
      return run.stdout.toString();
    };
    await type('task create -f sip-capture.yaml');
    const veth = { inside: 'eth0', peer: 'far', namespace };
    await sendFrames(veth, [udpFrame(sipRequest('INVITE', 'a84b4c76e66710'))]);
    await waitFor(() => agent.stdout.includes('a84b4c76e66710'), {
      ...{ limitMs: 30_000, what: 'the message' },
    });
    assert.match(await type('task list'), /^sip-capture +running +1 /m);
    assert.match(await type('task status sip-capture'), /running/);
    await type('task delete sip-capture');
    assert.doesNotMatch(await type('task list'), /sip-capture/);
    agent.signal('SIGTERM');
    assert.equal((await agent.exit).status, 0, agent.stderr);
  },
);
